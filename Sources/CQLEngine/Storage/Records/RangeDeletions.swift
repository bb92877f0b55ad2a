/// The deletion of the rows between two clustering bounds.
struct RangeDeletion: Equatable {
  var lower: [UInt8]
  /// nil: to the partition's end.
  var upper: [UInt8]?
  var deletion: Deletion
}

/// The range deletions of a partition: intervals that do not overlap, in order.
struct RangeDeletions: Equatable {
  var intervals: [RangeDeletion] = []

  mutating func add(_ deletion: RangeDeletion) { intervals.append(deletion) }
}
