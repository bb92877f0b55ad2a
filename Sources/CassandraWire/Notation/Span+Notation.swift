public import CassandraBytes

/// Reading the notations of section 3 of the specification.
///
/// Every function reads at `position` and moves it behind what it has read; when it throws, the position is worth
/// nothing. Lengths are compared with what is left before they are used, so no length that a peer states can make
/// a decoder trap or reserve memory. `position` has to be from 0 to `count`, which it is when it began at 0.
extension Span where Element == UInt8 {
  /// Throws unless `length` more bytes follow.
  @inlinable @inline(__always)
  public func require(_ length: Int, at position: Int) throws(WireError) {
    guard length <= count &- position else {
      throw WireError.truncated(at: position, needed: length, available: count &- position)
    }
  }

  /// Reads a [byte].
  @inlinable @inline(__always)
  public func readByte(_ position: inout Int) throws(WireError) -> UInt8 {
    try require(1, at: position)
    let value = self[position]
    position &+= 1
    return value
  }

  /// Reads a [short], an unsigned number of two bytes.
  @inlinable @inline(__always)
  public func readShort(_ position: inout Int) throws(WireError) -> UInt16 {
    try require(2, at: position)
    let value = uint16(at: position)
    position &+= 2
    return value
  }

  /// Reads an [int], a signed number of four bytes.
  @inlinable @inline(__always)
  public func readInt(_ position: inout Int) throws(WireError) -> Int32 {
    try require(4, at: position)
    let value = int32(at: position)
    position &+= 4
    return value
  }

  /// Reads a [long], a signed number of eight bytes.
  @inlinable @inline(__always)
  public func readLong(_ position: inout Int) throws(WireError) -> Int64 {
    try require(8, at: position)
    let value = int64(at: position)
    position &+= 8
    return value
  }

  /// Reads `length` bytes that follow without a length of their own, and says where they lie.
  @inlinable @inline(__always)
  public func readRange(_ length: Int, _ position: inout Int) throws(WireError) -> Range<Int> {
    try require(length, at: position)
    let start = position
    position &+= length
    return start..<position
  }

  /// Reads a [bytes] and says where it lies, or nil when it is null.
  @inlinable @inline(__always)
  public func readBytes(_ position: inout Int) throws(WireError) -> Range<Int>? {
    let length = try readInt(&position)
    guard length >= 0 else { return nil }
    return try readRange(Int(length), &position)
  }

  /// Reads a [value] of a request: bytes, null, or unset; any other negative length is an error.
  @inlinable
  public func readValue(_ position: inout Int) throws(WireError) -> ValueRange {
    let start = position
    let length = try readInt(&position)
    switch length {
    case 0...: return .bytes(try readRange(Int(length), &position))
    case -1: return .null
    case -2: return .unset
    default: throw WireError.invalidLength(Int(length), at: start)
    }
  }

  /// Reads a [short bytes] and says where it lies.
  @inlinable @inline(__always)
  public func readShortBytes(_ position: inout Int) throws(WireError) -> Range<Int> {
    let length = Int(try readShort(&position))
    return try readRange(length, &position)
  }

  /// Reads a [string].
  @inlinable
  public func readString(_ position: inout Int) throws(WireError) -> String {
    try text(in: try readShortBytes(&position))
  }

  /// Reads a [long string].
  @inlinable
  public func readLongString(_ position: inout Int) throws(WireError) -> String {
    let start = position
    let length = try readInt(&position)
    guard length >= 0 else { throw WireError.invalidLength(Int(length), at: start) }
    return try text(in: try readRange(Int(length), &position))
  }

  /// The bytes in `range` as text.
  @inlinable @inline(__always)
  func text(in range: Range<Int>) throws(WireError) -> String {
    guard let text = String(validating: extracting(range)) else { throw WireError.invalidText(at: range.lowerBound) }
    return text
  }

  /// A copy of the bytes in `range`.
  @inlinable
  func copy(_ range: Range<Int>) -> [UInt8] { [UInt8](copying: extracting(range)) }
}

/// Where a [value] of a request lies, or what it is instead of bytes.
public enum ValueRange: Hashable, Sendable {
  /// No value.
  case null
  /// Nothing was said about it: a write leaves the column as it is. Not before protocol v4.
  case unset
  /// These bytes.
  case bytes(Range<Int>)
}

extension Span where Element == UInt8 {
  /// Reads a [short] that counts elements of at least `minimum` bytes each, which have to fit into what is left.
  @usableFromInline
  func readCount(elementsOf minimum: Int, _ position: inout Int) throws(WireError) -> Int {
    let number = Int(try readShort(&position))
    try require(number * minimum, at: position)
    return number
  }

  /// Reads a [string list].
  public func readStringList(_ position: inout Int) throws(WireError) -> [String] {
    let number = try readCount(elementsOf: 2, &position)
    var list: [String] = []
    list.reserveCapacity(number)
    for _ in 0..<number { list.append(try readString(&position)) }
    return list
  }

  /// Reads a [string map]; of two entries with one key the later stays.
  public func readStringMap(_ position: inout Int) throws(WireError) -> [ByteText: String] {
    let number = try readCount(elementsOf: 4, &position)
    var map: [ByteText: String] = [:]
    for _ in 0..<number {
      let key = ByteText(try readString(&position))
      map[key] = try readString(&position)
    }
    return map
  }

  /// Reads a [string multimap]; of two entries with one key the later stays.
  public func readStringMultimap(_ position: inout Int) throws(WireError) -> [ByteText: [String]] {
    let number = try readCount(elementsOf: 4, &position)
    var map: [ByteText: [String]] = [:]
    for _ in 0..<number {
      let key = ByteText(try readString(&position))
      map[key] = try readStringList(&position)
    }
    return map
  }

  /// Reads a [bytes map]; of two entries with one key the later stays, and nil is a null value.
  public func readBytesMap(_ position: inout Int) throws(WireError) -> [ByteText: [UInt8]?] {
    let number = try readCount(elementsOf: 6, &position)
    var map: [ByteText: [UInt8]?] = [:]
    for _ in 0..<number {
      let key = ByteText(try readString(&position))
      map.updateValue(try readBytes(&position).map { copy($0) }, forKey: key)
    }
    return map
  }

  /// Reads an [uuid].
  public func readUUID(_ position: inout Int) throws(WireError) -> CQLUUID {
    let range = try readRange(16, &position)
    return CQLUUID(high: uint64(at: range.lowerBound), low: uint64(at: range.lowerBound + 8))
  }

  /// Reads an [inetaddr], an address without a port.
  public func readInetAddress(_ position: inout Int) throws(WireError) -> CQLInet {
    let start = position
    let length = Int(try readByte(&position))
    let range = try readRange(length, &position)
    guard let address = CQLInet(extracting(range)) else { throw WireError.invalidLength(length, at: start) }
    return address
  }

  /// Reads an [inet], an address and a port.
  public func readInet(_ position: inout Int) throws(WireError) -> NodeAddress {
    let address = try readInetAddress(&position)
    let start = position
    let port = try readInt(&position)
    guard let port = UInt16(exactly: port) else { throw WireError.unknown("port", port, at: start) }
    return NodeAddress(address: address, port: port)
  }

  /// Reads a [consistency].
  public func readConsistency(_ position: inout Int) throws(WireError) -> Consistency {
    let start = position
    let number = try readShort(&position)
    guard let level = Consistency(rawValue: number) else {
      throw WireError.unknown("consistency level", number, at: start)
    }
    return level
  }
}

/// Where a node listens: an address and a port.
public struct NodeAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address.
  public var address: CQLInet
  /// The port.
  public var port: UInt16

  /// An address and a port.
  public init(address: CQLInet, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// `127.0.0.1:9042`, or `[::1]:9042`.
  public var description: String {
    switch address {
    case .v4: "\(address):\(port)"
    case .v6: "[\(address)]:\(port)"
    }
  }
}
