internal import CassandraWire
internal import Cassandra

/// The queries of the API: plain CQL, one function each.
///
/// A statement is prepared the first time that it is used, and only its values travel afterwards.
enum Storage {
  static func animal(genus: String, species: String) -> Statement {
    """
    SELECT genus, species, image_url, size_cm, sightings, taxonomy FROM animals
    WHERE genus = \(genus) AND species = \(species)
    """
  }

  static func animals(ofGenus genus: String) -> Statement {
    "SELECT genus, species, image_url, size_cm, sightings, taxonomy FROM animals WHERE genus = \(genus)"
  }

  static func plants(ofGenus genus: String) -> Statement {
    "SELECT genus, species, sightings FROM plants WHERE genus = \(genus)"
  }

  static func add(_ animal: Animal) -> Statement {
    """
    INSERT INTO animals (genus, species, image_url, size_cm, sightings, taxonomy)
    VALUES (\(animal.genus), \(animal.species), \(animal.imageURL), \(animal.sizeCm), \(animal.sightings),
      \(animal.taxonomy))
    """
  }
}
