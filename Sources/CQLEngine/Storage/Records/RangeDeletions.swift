internal import CassandraBytes

/// The deletion of the rows between two clustering bounds.
struct RangeDeletion: Equatable {
  var lower: [UInt8]
  /// nil: to the partition's end.
  var upper: [UInt8]?
  var deletion: Deletion

  var isEmpty: Bool { upper.map { !lower.isBefore($0) } ?? false }
}

/// The range deletions of a partition: intervals that do not overlap, in order, each with the deletion that wins there.
struct RangeDeletions: Equatable {
  private(set) var intervals: [RangeDeletion] = []

  init() {}

  /// Adds one; where it overlaps others the later deletion wins, piece by piece.
  mutating func add(_ added: RangeDeletion) {
    guard !added.isEmpty else { return }
    if intervals.isEmpty {
      intervals = [added]
      return
    }
    var result: [RangeDeletion] = []
    result.reserveCapacity(intervals.count + 2)
    // What of the added interval has not been placed yet; nil when all is.
    var rest: RangeDeletion? = added
    for interval in intervals {
      guard let open = rest else {
        result.appendJoining(interval)
        continue
      }
      if let upper = open.upper, !interval.lower.isBefore(upper) {
        result.appendJoining(open)
        rest = nil
        result.appendJoining(interval)
        continue
      }
      if let upper = interval.upper, !open.lower.isBefore(upper) {
        result.appendJoining(interval)
        continue
      }
      rest = Self.split(interval, open, into: &result)
    }
    if let rest { result.appendJoining(rest) }
    intervals = result
  }

  /// Places two intervals that overlap; what of `added` reaches beyond `existing` is returned.
  private static func split(
    _ existing: RangeDeletion, _ added: RangeDeletion, into result: inout [RangeDeletion]
  ) -> RangeDeletion? {
    if existing.lower.isBefore(added.lower) {
      result.appendJoining(RangeDeletion(lower: existing.lower, upper: added.lower, deletion: existing.deletion))
    } else if added.lower.isBefore(existing.lower) {
      result.appendJoining(RangeDeletion(lower: added.lower, upper: existing.lower, deletion: added.deletion))
    }
    let lower = existing.lower.isBefore(added.lower) ? added.lower : existing.lower
    let addedIsLonger: Bool
    let upper: [UInt8]?
    if let left = existing.upper {
      addedIsLonger = added.upper.map { left.isBefore($0) } ?? true
      upper = addedIsLonger ? left : added.upper
    } else {
      addedIsLonger = false
      upper = added.upper
    }
    let winner = added.deletion.supersedes(existing.deletion) ? added.deletion : existing.deletion
    result.appendJoining(RangeDeletion(lower: lower, upper: upper, deletion: winner))
    guard let upper else { return nil }
    if addedIsLonger { return RangeDeletion(lower: upper, upper: added.upper, deletion: added.deletion) }
    if existing.upper != upper {
      result.appendJoining(RangeDeletion(lower: upper, upper: existing.upper, deletion: existing.deletion))
    }
    return nil
  }

  /// Leaves out what a deletion of the whole partition covers, and what `isKept` refuses.
  mutating func filter(_ isKept: (Deletion) -> Bool) { intervals.removeAll { !isKept($0.deletion) } }

  /// The timestamp through which a row with these clustering bytes is deleted; `Int64.min` when no interval has it.
  func deletedThrough(_ clustering: Span<UInt8>) -> Int64 {
    var low = 0
    var high = intervals.count
    while low < high {
      let middle = (low + high) / 2
      let lower = intervals[middle].lower
      if clustering.compare(lower.span) < 0 { high = middle } else { low = middle + 1 }
    }
    guard low > 0 else { return .min }
    let interval = intervals[low - 1]
    if let upper = interval.upper, clustering.compare(upper.span) >= 0 { return .min }
    return interval.deletion.timestamp
  }
}

extension RangeDeletions {
  /// Writes the section of a record: its length (4), then for each interval lower bound (length 4, bytes), upper bound
  /// (length 4, bytes; length 0xFFFFFFFF: none), timestamp (8) and local time (4).
  func append(to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(bigEndian: UInt32(0))
    for interval in intervals {
      bytes.append(bigEndian: UInt32(interval.lower.count))
      bytes.append(contentsOf: interval.lower)
      if let upper = interval.upper {
        bytes.append(bigEndian: UInt32(upper.count))
        bytes.append(contentsOf: upper)
      } else {
        bytes.append(bigEndian: UInt32.max)
      }
      bytes.append(bigEndian: interval.deletion.timestamp)
      bytes.append(bigEndian: interval.deletion.localSeconds)
    }
    bytes.store(bigEndian: UInt32(bytes.count - start - 4), at: start)
  }

  /// Reads a section without its length.
  init(_ bytes: Span<UInt8>) throws(StorageError) {
    var position = 0
    while position < bytes.count {
      let lower = try RecordLayout.section(bytes, &position)
      var upper: [UInt8]?
      guard bytes.count - position >= 4 else { throw .damagedRecord }
      if bytes.uint32(at: position) == .max {
        position += 4
      } else {
        upper = [UInt8](copying: bytes.extracting(try RecordLayout.section(bytes, &position)))
      }
      guard bytes.count - position >= 12 else { throw .damagedRecord }
      let deletion = Deletion(timestamp: bytes.int64(at: position), localSeconds: bytes.uint32(at: position + 8))
      position += 12
      intervals.append(
        RangeDeletion(lower: [UInt8](copying: bytes.extracting(lower)), upper: upper, deletion: deletion))
    }
  }
}

extension Array where Element == RangeDeletion {
  /// Appends an interval, as one with the last when it touches it and has the same deletion.
  fileprivate mutating func appendJoining(_ interval: RangeDeletion) {
    if let last, last.deletion == interval.deletion, last.upper == interval.lower {
      self[count - 1].upper = interval.upper
    } else {
      append(interval)
    }
  }
}

/// What the head of a partition says about its rows.
struct PartitionDeletions {
  /// Through which timestamp the whole partition is deleted.
  var through: Int64 = .min
  var ranges = RangeDeletions()

  /// No deletions.
  init() {}

  /// Those of a head's record.
  init(head bytes: Span<UInt8>) throws(StorageError) {
    let layout = try RecordLayout(bytes)
    if let deletion = layout.deletion { through = deletion.timestamp }
    if !layout.ranges.isEmpty { ranges = try RangeDeletions(bytes.extracting(layout.ranges)) }
  }

  /// Through which timestamp a row is deleted.
  @inline(__always)
  func through(_ clustering: Span<UInt8>) -> Int64 {
    ranges.intervals.isEmpty ? through : max(through, ranges.deletedThrough(clustering))
  }
}
