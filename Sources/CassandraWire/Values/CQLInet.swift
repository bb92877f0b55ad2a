import CassandraBytes

/// A value of the type `inet`: an IPv4 or IPv6 address without a port.
public enum CQLInet: Hashable, Sendable {
  /// An IPv4 address, its first byte most significant.
  case v4(UInt32)
  /// An IPv6 address in two halves, the first byte most significant.
  case v6(high: UInt64, low: UInt64)

  /// An address from its 4 or 16 bytes, or nil when there are neither 4 nor 16.
  public init?(_ bytes: Span<UInt8>) {
    switch bytes.count {
    case 4: self = .v4(bytes.uint32(at: 0))
    case 16: self = .v6(high: bytes.uint64(at: 0), low: bytes.uint64(at: 8))
    default: return nil
    }
  }

  /// How many bytes it has: 4 or 16.
  public var byteCount: Int {
    switch self {
    case .v4: 4
    case .v6: 16
    }
  }

  /// The IPv4 address that an IPv6 address of the form `::ffff:a.b.c.d` stands for; nil for all others.
  public var mappedIPv4: UInt32? {
    guard case .v6(0, let low) = self, low >> 32 == 0xffff else { return nil }
    return UInt32(truncatingIfNeeded: low)
  }

  /// The eight groups of an IPv6 address.
  private static func groups(_ high: UInt64, _ low: UInt64) -> [8 of UInt16] {
    InlineArray { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 % 4))) }
  }
}

extension CQLInet: Comparable {
  /// Whether the left address comes before the right one in a column of type `inet`: by bytes, the shorter first.
  public static func < (left: CQLInet, right: CQLInet) -> Bool {
    switch (left, right) {
    case (.v4(let left), .v4(let right)): left < right
    case (.v6(let leftHigh, let leftLow), .v6(let rightHigh, let rightLow)):
      leftHigh == rightHigh ? leftLow < rightLow : leftHigh < rightHigh
    case (.v4(let left), .v6(let right, _)): left <= UInt32(truncatingIfNeeded: right >> 32)
    case (.v6(let left, _), .v4(let right)): UInt32(truncatingIfNeeded: left >> 32) < right
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends the 4 or 16 bytes of an address.
  @usableFromInline
  mutating func append(rawAddress address: CQLInet) {
    switch address {
    case .v4(let bits): append(bigEndian: bits)
    case .v6(let high, let low):
      append(bigEndian: high)
      append(bigEndian: low)
    }
  }

  /// Appends an IPv4 address in dotted decimals.
  fileprivate mutating func append(dotted bits: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] {
      if shift != 24 { append(UInt8(ascii: ".")) }
      append(decimal: UInt64(bits >> shift & 0xff))
    }
  }

  fileprivate mutating func append(group: UInt16) {
    append(utf8: String(group, radix: 16))
  }
}

extension CQLInet: LosslessStringConvertible {
  /// The text of RFC 5952: `127.0.0.1`, `2001:db8::ff00:42:8329`, `::ffff:1.2.3.4`.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the text of RFC 5952.
  public func write(into buffer: inout [UInt8]) {
    guard case .v6(let high, let low) = self else {
      if case .v4(let bits) = self { buffer.append(dotted: bits) }
      return
    }
    if let mapped = mappedIPv4 {
      buffer.append("::ffff:")
      return buffer.append(dotted: mapped)
    }
    let groups = Self.groups(high, low)
    // The longest run of at least two zero groups is left out, of equal ones the first.
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start >= 2, end - start > best.count { best = start..<end }
      start = end + 1
    }
    for index in 0..<8 {
      if !best.isEmpty, index == best.lowerBound { buffer.append("::") }
      if best.contains(index) { continue }
      if index > 0, index != best.upperBound || best.isEmpty { buffer.append(UInt8(ascii: ":")) }
      buffer.append(group: groups[index])
    }
  }

  /// Appends the text as Cassandra prints it: no group of an IPv6 address is left out, and one that stands for an IPv4
  /// address is printed as that.
  package func writeUncompressed(into buffer: inout [UInt8]) {
    switch self {
    case .v4(let bits): buffer.append(dotted: bits)
    case .v6(let high, let low):
      if let mapped = mappedIPv4 { return buffer.append(dotted: mapped) }
      let groups = Self.groups(high, low)
      for index in 0..<8 {
        if index > 0 { buffer.append(UInt8(ascii: ":")) }
        buffer.append(group: groups[index])
      }
    }
  }

  /// The address of a text, or nil when it is none: IPv4 in four decimal parts, IPv6 in every form of RFC 4291 but with a
  /// zone.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count > 1 else {
      guard let bits = Self.dotted(text.utf8[...]) else { return nil }
      self = .v4(bits)
      return
    }
    guard parts.count <= 9 else { return nil }
    var groups: [UInt16] = []
    var gap: Int?
    for (index, part) in parts.enumerated() {
      if part.isEmpty {
        // `::` gives one empty part in the middle, and two at an end or when it is all there is.
        let isEnd = index == 0 || index == parts.count - 1
        if isEnd {
          guard parts.count > 2, parts[index == 0 ? 1 : index - 1].isEmpty else { return nil }
          continue
        }
        guard gap == nil else { return nil }
        gap = groups.count
      } else if index == parts.count - 1, let bits = Self.dotted(part) {
        groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
      } else {
        guard part.count <= 4 else { return nil }
        var group: UInt16 = 0
        for byte in part {
          guard let digit = hexadecimalValue(byte) else { return nil }
          group = group << 4 | UInt16(digit)
        }
        groups.append(group)
      }
    }
    if let gap {
      guard groups.count < 8 else { return nil }
      groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    self = .v6(high: high, low: groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) })
  }

  private static func dotted(_ text: Substring.UTF8View) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      // A leading zero is refused: some read such a part as octal.
      guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
      var number: UInt32 = 0
      for byte in part {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
      }
      guard number <= 255 else { return nil }
      bits = bits << 8 | number
    }
    return bits
  }
}

extension CQLInet: CQLEncodable, CQLDecodable {
  /// Appends an `inet`.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .inet = type else { throw CQLValueError.mismatch(CQLInet.self, type) }
    buffer.append(rawAddress: self)
  }

  /// Takes `inet`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .inet = type else { throw CQLValueError.mismatch(CQLInet.self, type) }
  }

  /// The address.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLInet {
    guard let address = CQLInet(bytes) else { throw CQLValueError.wrongSize(bytes.count, type) }
    return address
  }
}
