internal import CassandraHTTPServer

/// An animal, as a client posts it.
struct Animal: Validatable {
  var genus: String
  var species: String
  var imageURL: String
  var sizeCm: Float
  var sightings: Int32
  var taxonomy: [String]

  /// A key of Cassandra has 65,535 bytes at most.
  private static let keyBytes = 1...65_535

  init(_ fields: inout Validator) {
    genus = fields.text("genus", bytes: Self.keyBytes)
    species = fields.text("species", bytes: Self.keyBytes)
    imageURL = fields.text("image_url")
    sizeCm = fields.float("size_cm")
    sightings = fields.int32("sightings")
    taxonomy = fields.texts("taxonomy")
  }
}
