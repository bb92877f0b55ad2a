internal import CassandraBytes
internal import CassandraHTTP

/// The tag of an answer's bytes (RFC 9110 §8.8.3).
///
/// It is weak, because the same answer may be sent compressed or not.
struct EntityTag {
  let text: String

  /// The tag of `bytes`: 64 bits, mixed eight bytes at a time. It tells versions of one resource apart; it is no proof
  /// against somebody who makes two answers with one tag, who would cheat nobody but himself.
  init(of bytes: Span<UInt8>) {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(bytes.count)
    var index = 0
    while bytes.count - index >= 8 {
      hash = Self.mix(hash ^ bytes.uint64(at: index))
      index += 8
    }
    var rest: UInt64 = 0
    while index < bytes.count {
      rest = rest << 8 | UInt64(bytes[index])
      index += 1
    }
    hash = Self.mix(hash ^ rest)
    var digits: [UInt8] = []
    digits.append("W/\"")
    for shift in stride(from: 60, through: 0, by: -4) {
      digits.append(hexadecimalDigit(UInt8(truncatingIfNeeded: hash >> UInt64(shift)) & 0xf))
    }
    digits.append("\"")
    text = String(decoding: digits, as: UTF8.self)
  }

  private static func mix(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
    return product.high ^ product.low
  }

  /// Whether the client has what the tag is of: `If-None-Match` names it or anything (RFC 9110 §13.1.2).
  func isKnown(to head: RequestHead) -> Bool {
    guard head.fields.range(of: .ifNoneMatch) != nil else { return false }
    return head.fields.list(.ifNoneMatch).contains { element in
      if element.hasSameBytes(as: "*") || element.hasSameBytes(as: text) { return true }
      // Weak and strong are the same to this question.
      return ("W/" + element).hasSameBytes(as: text)
    }
  }
}
