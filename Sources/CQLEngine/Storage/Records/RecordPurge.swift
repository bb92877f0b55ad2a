internal import CassandraBytes

/// What of a record is no longer needed, by Cassandra's rules (`BufferCell.purge`, `BTreeRow.purge`).
///
/// An expired cell becomes a tombstone made when the cell was written. A tombstone or a deletion is needed for the table's
/// grace, since a write with an older timestamp may still come.
enum RecordPurge {
  /// When the record has next to be looked at, in seconds since 1970; nil: never.
  static func due(_ record: Span<UInt8>, grace: Int64) throws(StorageError) -> Int64? {
    let layout = try RecordLayout(record)
    guard layout.isMortal else { return nil }
    var due = Int64.max
    if let expiry = layout.marker?.expiry { due = min(due, Int64(expiry.seconds) + grace) }
    if let deletion = layout.deletion { due = min(due, Int64(deletion.localSeconds) + grace) }
    if !layout.ranges.isEmpty {
      for interval in try RangeDeletions(record.extracting(layout.ranges)).intervals {
        due = min(due, Int64(interval.deletion.localSeconds) + grace)
      }
    }
    var position = layout.cells
    while let cell = try RecordCell.next(record, &position, base: layout.baseTimestamp) {
      if cell.isExpiring {
        due = min(due, Int64(cell.seconds))
      } else if cell.flags & RecordCell.Flag.mortal != 0 {
        due = min(due, Int64(cell.seconds) + grace)
      }
    }
    return due == .max ? nil : due + 1
  }

  /// The record without what is past its time at `now`; nil when nothing is left. The deletions of a head stay unless
  /// `dropsCoverage`, because rows that they cover may still be there.
  static func purged(
    _ record: Span<UInt8>, now: Int64, grace: Int64, isHead: Bool, dropsCoverage: Bool
  ) throws(StorageError) -> [UInt8]? {
    let layout = try RecordLayout(record)
    func isOver(_ seconds: Int64) -> Bool { seconds + grace < now }
    let keepsDeletions = isHead && !dropsCoverage
    var output = RecordBuilder(reserving: record.count)
    if let marker = layout.marker, !(marker.expiry.map { isOver(Int64($0.seconds)) } ?? false) {
      output.setMarker(timestamp: marker.timestamp, expiry: marker.expiry)
    }
    if let deletion = layout.deletion, keepsDeletions || !isOver(Int64(deletion.localSeconds)) {
      output.setDeletion(deletion)
    }
    if !layout.note.isEmpty { output.setNote(record.extracting(layout.note)) }
    if !layout.ranges.isEmpty {
      var ranges = try RangeDeletions(record.extracting(layout.ranges))
      if !keepsDeletions { ranges.filter { !isOver(Int64($0.localSeconds)) } }
      output.setRanges(ranges)
    }
    var position = layout.cells
    var covered = Int64.min
    while let cell = try RecordCell.next(record, &position, base: layout.baseTimestamp) {
      if cell.isExpiring && now >= Int64(cell.seconds) {
        let written = Int64(cell.seconds) - Int64(cell.ttl)
        if isOver(written) { continue }
        output.addTombstone(
          cell.column, path: cell.hasPath ? record.extracting(cell.path) : nil,
          Deletion(timestamp: cell.timestamp, localSeconds: UInt32(clamping: written)))
      } else if cell.flags & RecordCell.Flag.mortal != 0 && !cell.isExpiring && isOver(Int64(cell.seconds)) {
        continue
      } else {
        output.append(cell, of: record, covered: &covered)
      }
    }
    return output.isEmpty ? nil : output.finish()
  }
}

extension RecordPurge {
  /// Whether a head has a deletion of rows that is past its grace.
  static func hasCoverage(_ head: Span<UInt8>, over now: Int64, grace: Int64) throws(StorageError) -> Bool {
    let layout = try RecordLayout(head)
    if let deletion = layout.deletion, Int64(deletion.localSeconds) + grace < now { return true }
    guard !layout.ranges.isEmpty else { return false }
    return try RangeDeletions(head.extracting(layout.ranges)).intervals.contains {
      Int64($0.deletion.localSeconds) + grace < now
    }
  }
}
