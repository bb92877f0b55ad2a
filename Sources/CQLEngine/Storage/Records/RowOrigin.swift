internal import CassandraBytes

/// Where the row of a view comes from: it stands at the end of the row's note.
///
/// What covers the base's row covers that of the view too, from the moment at which it is written, though neither has been
/// swept yet; and a row that stands under the value of a cell is only there as long as that cell is. So whoever reads a
/// view looks at the origin, and nothing has to be written when time alone changes something.
///
/// Layout: number of the base (4 bytes), timestamp of the cell in the key (8) and when it expires (4; 0: never), the key of
/// the base's record, and the length of all that (4). Without such a cell its timestamp is the largest there is.
struct RowOrigin: ~Escapable {
  /// The base.
  let table: TableNumber
  /// The key of the base's record, without the table's number.
  let key: Span<UInt8>
  private let timestamp: Int64
  private let seconds: UInt32

  /// Bytes before the key.
  private static let headerBytes = 16

  /// Whether a record has one.
  @inline(__always)
  static func isThere(in record: Span<UInt8>) -> Bool {
    record.count > 1 && record[1] & RecordLayout.Flag.derived != 0
  }

  /// The origin of a record that has one.
  @_lifetime(copy record)
  init(_ record: Span<UInt8>) throws(StorageError) {
    let note = record.extracting(try RecordLayout(record).note)
    guard note.count >= 4 else { throw .damagedRecord }
    let end = note.count - 4
    let count = Int(note.uint32(at: end))
    guard count <= end, count > Self.headerBytes + PartitionKey.headerBytes else { throw .damagedRecord }
    let start = end - count
    table = TableNumber(rawValue: note.uint32(at: start))
    timestamp = note.int64(at: start + 4)
    seconds = note.uint32(at: start + 12)
    key = note.extracting((start + Self.headerBytes)..<end)
    guard key.count > PartitionKey.headerBytes + Int(key.uint16(at: 8)) else { throw .damagedRecord }
  }

  /// Whether the cell in the key is there, or none is needed.
  func isLive(at now: Int64, after deletedThrough: Int64) -> Bool {
    timestamp > deletedThrough && (seconds == 0 || now < Int64(seconds))
  }

  /// Appends an origin to a note; `cell` is the one in the key.
  static func append(_ table: TableNumber, _ key: Span<UInt8>, _ cell: RecordCell?, to note: inout [UInt8]) {
    note.append(bigEndian: table.rawValue)
    note.append(bigEndian: cell?.timestamp ?? .max)
    note.append(bigEndian: cell.map { $0.isExpiring ? $0.seconds : 0 } ?? 0)
    note.append(copying: key)
    note.append(bigEndian: UInt32(headerBytes + key.count))
  }
}
