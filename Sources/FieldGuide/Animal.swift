internal import CassandraBytes
internal import CassandraHTTPServer

/// An animal, as a client posts it.
struct Animal: Validatable {
  var genus: String
  var species: String
  var imageURL: String
  var sizeCm: Float
  var sightings: Int32
  var taxonomy: [String]

  /// Bytes of a name in a path, percent-encoded: 4,000. What is written has to be asked for by its path, and a request's
  /// first line has 8,192 bytes at most.
  private static let maximumPathBytes = 4_000

  /// Neither a dot nor two, and no U+0000.
  private static let namePattern =
    #"^([^.\u0000][^\u0000]*|\.[^.\u0000][^\u0000]*|\.\.[^\u0000]+)$"#

  /// One that may be posted as it is.
  static let example: JSONValue = [
    "genus": "Misumena", "species": "vatia", "image_url": "https://imgur.com/F66x0Pt", "size_cm": 0.8, "sightings": 3,
    "taxonomy": ["Arthropoda", "Arachnida", "Araneae", "Thomisidae"],
  ]

  init(_ fields: inout Validator) {
    genus = Self.name("genus", &fields)
    species = Self.name("species", &fields)
    imageURL = fields.text("image_url")
    sizeCm = fields.float("size_cm")
    sightings = fields.int32("sightings")
    taxonomy = fields.texts("taxonomy")
  }

  /// A name that a path can hold: `GET /animal/{genus}/{species}` finds what was written.
  private static func name(_ member: String, _ fields: inout Validator) -> String {
    let name = fields.text(member, bytes: 1...maximumPathBytes, pattern: namePattern)
    if name.hasSameBytes(as: ".") || name.hasSameBytes(as: "..") {
      fields.report(member, "A name cannot be \".\" or \"..\", which have a meaning in paths.")
    }
    if name.withUTF8Span({ $0.firstIndex(of: 0) != nil }) {
      fields.report(member, "The text must not contain U+0000.")
    }
    // A byte becomes three at most, so nearly every name needs no count.
    guard name.utf8.count <= maximumPathBytes, name.utf8.count * 3 > maximumPathBytes else { return name }
    let encoded = name.utf8.reduce(0) { $0 + ($1.isUnreserved ? 1 : 3) }
    if encoded > maximumPathBytes {
      fields.report(
        member, "The text has \(encoded) bytes when it is percent-encoded, and \(maximumPathBytes) are allowed.")
    }
    return name
  }
}

extension UInt8 {
  /// Whether it stands in a path as it is (RFC 3986, section 2.3).
  fileprivate var isUnreserved: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
