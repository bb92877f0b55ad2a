/// Which arrays and objects are open, the innermost last: a bit for each of ``JSONLimits/deepest``, in place, so that reading
/// a text allocates nothing for it.
struct OpenContainers: Sendable {
  enum Kind {
    case array
    case object
  }

  private var bits = InlineArray<16, UInt64>(repeating: 0)
  /// How many are open.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// The innermost; nil when none is open.
  var last: Kind? {
    guard count > 0 else { return nil }
    return bits[(count - 1) / 64] >> UInt64((count - 1) % 64) & 1 == 1 ? .object : .array
  }

  mutating func append(_ kind: Kind) {
    let bit = UInt64(1) << UInt64(count % 64)
    switch kind {
    case .array: bits[count / 64] &= ~bit
    case .object: bits[count / 64] |= bit
    }
    count += 1
  }

  mutating func removeLast() { count -= 1 }
}
