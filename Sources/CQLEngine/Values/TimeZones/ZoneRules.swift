import CassandraBytes

/// How far a zone is from UTC at which time, as a file of the system's database of zones says (RFC 8536).
struct ZoneRules: Sendable {
  /// When, in seconds since 1970, the distance becomes another one.
  private let changes: [Int64]
  /// The distances in seconds: the first one before all changes, then one behind each.
  private let offsets: [Int64]
  /// What holds behind the last change.
  private let rule: YearlyRule?

  /// The rules in a file's bytes; nil when they are none.
  init?(_ file: [UInt8]) {
    // The first part has 32 bits for a time, and is there for readers of old.
    guard let first = Header(file, at: 0), first.version >= UInt8(ascii: "2"),
      let header = Header(file, at: first.end(timeBytes: 4))
    else { return nil }
    let bytes = file.span
    let times = header.start + Header.bytes
    let kinds = times + 8 * header.times
    let types = kinds + header.times
    let end = header.end(timeBytes: 8)
    guard end <= file.count, header.types > 0 else { return nil }
    var changes: [Int64] = []
    var offsets = [Int64(bytes.int32(at: types))]
    for index in 0..<header.times {
      let kind = Int(bytes[kinds + index])
      guard kind < header.types else { return nil }
      changes.append(bytes.int64(at: times + 8 * index))
      offsets.append(Int64(bytes.int32(at: types + 6 * kind)))
    }
    guard zip(changes, changes.dropFirst()).allSatisfy(<), changes.allSatisfy({ $0.magnitude < 1 << 60 }) else {
      return nil
    }
    self.changes = changes
    self.offsets = offsets
    let newline = UInt8(ascii: "\n")
    rule = file[end...].first == newline ? YearlyRule(file[(end + 1)...].prefix { $0 != newline }) : nil
  }

  /// The distance from UTC in seconds at a local time, which is given in seconds since the beginning of 1970 there.
  ///
  /// Of a time that comes twice the first is meant, and one that is left out counts as if clocks had not been changed: the
  /// distance before the change holds for both, as in Java.
  func offset(atLocal local: Int64) -> Int64 {
    if let rule, let last = changes.last, local >= last + max(offsets[changes.count - 1], offsets[changes.count]) {
      return rule.offset(atLocal: local)
    }
    var lower = 0
    var upper = changes.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if local >= changes[middle] + max(offsets[middle], offsets[middle + 1]) {
        lower = middle + 1
      } else {
        upper = middle
      }
    }
    if changes.isEmpty, let rule { return rule.offset(atLocal: local) }
    return offsets[lower]
  }

  /// The counts in front of each part of a file.
  private struct Header {
    static let bytes = 44
    let start: Int
    let version: UInt8
    let times: Int
    let types: Int
    private let rest: (utc: Int, standard: Int, leaps: Int, characters: Int)

    init?(_ file: [UInt8], at start: Int) {
      guard start >= 0, file.count >= Self.bytes, start <= file.count - Self.bytes,
        file[start..<start + 4].elementsEqual("TZif".utf8)
      else { return nil }
      self.start = start
      version = file[start + 4]
      var counts: [Int] = []
      for index in 0..<6 {
        let count = Int(file.span.uint32(at: start + 20 + 4 * index))
        guard count <= ZoneDatabase.maximumFileBytes else { return nil }
        counts.append(count)
      }
      rest = (utc: counts[0], standard: counts[1], leaps: counts[2], characters: counts[5])
      times = counts[3]
      types = counts[4]
    }

    /// Where the part ends when a time has so many bytes.
    func end(timeBytes: Int) -> Int {
      start + Self.bytes + times * (timeBytes + 1) + types * 6 + rest.characters + rest.leaps * (timeBytes + 4)
        + rest.standard + rest.utc
    }
  }
}
