import CassandraBytes
import CassandraWire

/// How the values of key columns stand in a record's key and beside it.
///
/// The partition key stands in the record's key as Cassandra serializes it: a single column's value as it is, of several
/// columns each with its length in 2 bytes before it and a 0 behind. The clustering part of the key is made for ordering,
/// so the clustering values stand in the record's note too, each with its length in 4 bytes before it, as in a row on the
/// wire.
enum KeyLayout {
  /// The most bytes of a partition key.
  static let maximumKeyBytes = 65_535

  /// The serialized partition key.
  static func partitionKey(_ values: [ArraySlice<UInt8>]) throws(EngineFailure) -> [UInt8] {
    var key: [UInt8] = []
    if values.count == 1 {
      key = Array(values[0])
    } else {
      for value in values {
        guard value.count <= maximumKeyBytes else { throw tooLong(value.count) }
        key.append(bigEndian: UInt16(value.count))
        key.append(contentsOf: value)
        key.append(0)
      }
    }
    guard key.count <= maximumKeyBytes else { throw tooLong(key.count) }
    return key
  }

  /// Refuses the values of a row's clustering columns that are too long together; each has its length in 4 bytes before it.
  static func checkClustering(note: [UInt8], of table: Table) throws(EngineFailure) {
    let count = note.count - 4 * table.clustering.count
    if count > maximumKeyBytes { throw tooLong(count) }
  }

  /// Cassandra's refusal of a key of so many bytes.
  private static func tooLong(_ count: Int) -> EngineFailure {
    EngineFailure.invalid("Key length of \(count) is longer than maximum of \(maximumKeyBytes)")
  }

  /// Where a component of a composite partition key stands.
  static func component(_ index: Int, ofComposite key: Span<UInt8>) -> Range<Int>? {
    var position = 0
    for current in 0...index {
      guard key.count - position >= 2 else { return nil }
      let length = Int(key.uint16(at: position))
      position += 2
      guard length < key.count - position else { return nil }
      if current == index { return position..<position + length }
      position += length + 1
    }
    return nil
  }

  /// Where a clustering value stands in a record's note.
  @inline(__always)
  static func component(_ index: Int, ofNote note: Span<UInt8>) -> Range<Int>? {
    var position = 0
    for current in 0...index {
      guard note.count - position >= 4 else { return nil }
      let length = Int(note.uint32(at: position))
      position += 4
      guard length <= note.count - position else { return nil }
      if current == index { return position..<position + length }
      position += length
    }
    return nil
  }
}
