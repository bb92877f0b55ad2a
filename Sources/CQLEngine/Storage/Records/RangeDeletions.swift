internal import CassandraBytes

/// The deletion of the rows between two clustering bounds.
struct RangeDeletion: Equatable {
  var lower: [UInt8]
  /// nil: to the partition's end.
  var upper: [UInt8]?
  var deletion: Deletion

  var isEmpty: Bool { upper.map { !lower.isBefore($0) } ?? false }

  /// Whether it has nothing in common with one that begins later, or where it ends.
  fileprivate func ends(before other: RangeDeletion) -> Bool { upper.map { !other.lower.isBefore($0) } ?? false }

  /// Whether its end comes first.
  fileprivate func ends(beforeEndOf other: RangeDeletion) -> Bool {
    guard let upper else { return false }
    return other.upper.map { upper.isBefore($0) } ?? true
  }

  /// Takes off and returns what lies before a bound inside of it.
  fileprivate mutating func cut(at bound: [UInt8]) -> RangeDeletion {
    let piece = RangeDeletion(lower: lower, upper: bound, deletion: deletion)
    lower = bound
    return piece
  }

  /// What lies behind a bound at or before its end; nil when there is nothing.
  fileprivate func rest(behind bound: [UInt8]?) -> RangeDeletion? {
    guard let bound, upper != bound else { return nil }
    return RangeDeletion(lower: bound, upper: upper, deletion: deletion)
  }
}

/// The range deletions of a partition: intervals that do not overlap, in order, each with the deletion that wins there.
struct RangeDeletions: Equatable {
  private(set) var intervals: [RangeDeletion] = []

  init() {}

  /// Adds one; where it overlaps others the later deletion wins, piece by piece.
  mutating func add(_ added: RangeDeletion) {
    guard !added.isEmpty else { return }
    // Those of one statement come in order.
    if let end = intervals.last?.upper, !added.lower.isBefore(end) { return intervals.appendJoining(added) }
    var one = RangeDeletions()
    one.intervals = [added]
    add(one)
  }

  /// Adds others, in one pass over both: of thousands, one by one would cost the product of their numbers.
  mutating func add(_ others: RangeDeletions) {
    guard !others.intervals.isEmpty else { return }
    guard !intervals.isEmpty else {
      intervals = others.intervals
      return
    }
    var result: [RangeDeletion] = []
    result.reserveCapacity(intervals.count + others.intervals.count + 2)
    var mine = intervals.makeIterator()
    var theirs = others.intervals.makeIterator()
    var left = mine.next()
    var right = theirs.next()
    while var first = left, var second = right {
      if first.ends(before: second) {
        result.appendJoining(first)
        left = mine.next()
      } else if second.ends(before: first) {
        result.appendJoining(second)
        right = theirs.next()
      } else {
        if first.lower.isBefore(second.lower) {
          result.appendJoining(first.cut(at: second.lower))
        } else if second.lower.isBefore(first.lower) {
          result.appendJoining(second.cut(at: first.lower))
        }
        // Both begin at one place now, and reach together to the end of the shorter one.
        let winner = second.deletion.supersedes(first.deletion) ? second.deletion : first.deletion
        let upper = first.ends(beforeEndOf: second) ? first.upper : second.upper
        result.appendJoining(RangeDeletion(lower: first.lower, upper: upper, deletion: winner))
        left = first.rest(behind: upper) ?? mine.next()
        right = second.rest(behind: upper) ?? theirs.next()
      }
    }
    while let first = left {
      result.appendJoining(first)
      left = mine.next()
    }
    while let second = right {
      result.appendJoining(second)
      right = theirs.next()
    }
    intervals = result
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

  /// The timestamp through which a row with these clustering bytes is deleted by the intervals of a section;
  /// `Int64.min` when none has it. Nothing is allocated: this is for whom asks about one row.
  static func deletedThrough(_ clustering: Span<UInt8>, in bytes: Span<UInt8>) throws(StorageError) -> Int64 {
    var position = 0
    while position < bytes.count {
      let lower = try RecordLayout.section(bytes, &position)
      if clustering.compare(bytes.extracting(lower)) < 0 { return .min }
      guard bytes.count - position >= 4 else { throw .damagedRecord }
      var isInside = true
      if bytes.uint32(at: position) == .max {
        position += 4
      } else {
        isInside = clustering.compare(bytes.extracting(try RecordLayout.section(bytes, &position))) < 0
      }
      guard bytes.count - position >= 12 else { throw .damagedRecord }
      if isInside { return bytes.int64(at: position) }
      position += 12
    }
    return .min
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
