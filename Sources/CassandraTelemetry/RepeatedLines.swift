/// Counts lines that come again and again instead of writing each.
///
/// A peer can make the same warning come thousands of times a second, and a log that is full of it hides everything else
/// and fills the disk. So of the warnings and errors with the same label and message the first few of a while are
/// written, and the others are counted and told in one line when the while is over. Lines below a warning are never left
/// out: they are asked for, such as an access log.
///
/// Time is an argument, in nanoseconds since 1970.
struct RepeatedLines {
  /// Lines of one message that are written in a while: 20.
  static let writtenLines = 20
  /// How long a while is: 10 s.
  static let window: Int64 = 10_000_000_000
  /// Messages that are watched at once: 256. Messages stand in the program, so there are hardly more.
  static let maximumMessages = 256

  private struct Key: Hashable {
    var label: String
    var message: String
  }

  private struct Count {
    var level: LogLevel
    var began: Int64
    var written = 0
    var leftOut = 0
  }

  private var counts: [Key: Count] = [:]
  /// Whether some lines have been left out and not told.
  private(set) var hasLeftOut = false

  /// Whether the record is to be written.
  mutating func takes(_ record: LogRecord) -> Bool {
    guard record.level >= .warning else { return true }
    let key = Key(label: record.label, message: record.message)
    guard counts[key] != nil || counts.count < Self.maximumMessages else { return true }
    var count = counts[key] ?? Count(level: record.level, began: record.nanoseconds)
    defer { counts[key] = count }
    guard count.written >= Self.writtenLines else {
      count.written += 1
      return true
    }
    count.leftOut += 1
    hasLeftOut = true
    return false
  }

  /// Ends the whiles that are over, all of them when `now` is nil; returns a record for each message of which lines were
  /// left out.
  mutating func ended(by now: Int64?, at time: Int64) -> [LogRecord] {
    var records: [LogRecord] = []
    hasLeftOut = false
    for (key, count) in counts {
      if let now, now - count.began < Self.window, now >= count.began {
        hasLeftOut = hasLeftOut || count.leftOut > 0
        continue
      }
      counts[key] = nil
      guard count.leftOut > 0 else { continue }
      records.append(
        LogRecord(
          nanoseconds: time, level: count.level, label: key.label, message: key.message,
          fields: [("repeated", .integer(count.leftOut))]))
    }
    return records.sorted { $0.label.utf8.lexicographicallyPrecedes($1.label.utf8) }
  }
}
