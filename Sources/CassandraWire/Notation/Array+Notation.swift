public import CassandraBytes

/// Writing the notations of section 3 of the specification; numbers are `append(bigEndian:)` of `Bytes`.
///
/// What its field cannot hold throws `.tooLong`. The buffer then keeps what was written before, so a caller whose buffer
/// has other messages in it cuts it back.
extension Array where Element == UInt8 {
  /// The longest [string] and [short bytes], in bytes, and the most elements of a list or a map.
  private static var maximumShortLength: Int { Int(UInt16.max) }

  @usableFromInline
  mutating func append(shortCount number: Int, of what: StaticString) throws(WireError) {
    guard let short = UInt16(exactly: number) else {
      throw WireError.tooLong(what, number, limit: Self.maximumShortLength, at: count)
    }
    append(bigEndian: short)
  }

  @usableFromInline
  mutating func append(intCount number: Int, of what: StaticString) throws(WireError) {
    guard let int = Int32(exactly: number) else {
      throw WireError.tooLong(what, number, limit: Int(Int32.max), at: count)
    }
    append(bigEndian: int)
  }

  /// Appends a [string].
  public mutating func append(string text: String) throws(WireError) {
    try append(shortCount: text.utf8.count, of: "A string")
    append(utf8: text)
  }

  /// Appends a [string], cut at the last whole character that fits: for messages to people, which must not fail.
  public mutating func append(cuttingString text: String) {
    guard text.utf8.count > Self.maximumShortLength else {
      append(bigEndian: UInt16(text.utf8.count))
      return append(utf8: text)
    }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: Self.maximumShortLength)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    let kept = text[..<end].utf8
    append(bigEndian: UInt16(kept.count))
    append(contentsOf: kept)
  }

  /// Appends a [long string].
  public mutating func append(longString text: String) throws(WireError) {
    try append(intCount: text.utf8.count, of: "A long string")
    append(utf8: text)
  }

  /// Appends a [bytes], null for nil.
  public mutating func append(bytes: [UInt8]?) throws(WireError) {
    guard let bytes else { return append(bigEndian: Int32(-1)) }
    try append(intCount: bytes.count, of: "A value")
    append(contentsOf: bytes)
  }

  /// Appends a [bytes] that is not null.
  public mutating func append(bytes: Span<UInt8>) throws(WireError) {
    try append(intCount: bytes.count, of: "A value")
    append(copying: bytes)
  }

  /// Appends a [short bytes].
  public mutating func append(shortBytes bytes: Span<UInt8>) throws(WireError) {
    try append(shortCount: bytes.count, of: "An id")
    append(copying: bytes)
  }

  /// Appends a [short bytes].
  public mutating func append(shortBytes bytes: [UInt8]) throws(WireError) { try append(shortBytes: bytes.span) }

  /// Appends a [string list].
  public mutating func append(stringList list: [String]) throws(WireError) {
    try append(shortCount: list.count, of: "A list")
    for text in list { try append(string: text) }
  }

  /// Appends a [string map], sorted by key, so that equal maps are equal bytes.
  public mutating func append(stringMap map: [String: String]) throws(WireError) {
    try append(shortCount: map.count, of: "A map")
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      try append(string: key)
      try append(string: value)
    }
  }

  /// Appends a [string multimap], sorted by key, so that equal maps are equal bytes.
  public mutating func append(stringMultimap map: [ByteText: [String]]) throws(WireError) {
    try append(shortCount: map.count, of: "A map")
    for (key, values) in map.sorted(by: { $0.key < $1.key }) {
      try append(string: key.text)
      try append(stringList: values)
    }
  }

  /// Appends a [bytes map], sorted by key, so that equal maps are equal bytes.
  public mutating func append(bytesMap map: [ByteText: [UInt8]?]) throws(WireError) {
    try append(shortCount: map.count, of: "A map")
    for (key, value) in map.sorted(by: { $0.key < $1.key }) {
      try append(string: key.text)
      try append(bytes: value)
    }
  }

  /// Appends an [uuid].
  @inlinable
  public mutating func append(uuid: CQLUUID) {
    append(bigEndian: uuid.high)
    append(bigEndian: uuid.low)
  }

  /// Appends an [inetaddr], an address without a port.
  public mutating func append(inetAddress address: CQLInet) {
    append(UInt8(address.byteCount))
    append(rawAddress: address)
  }

  /// Appends an [inet], an address and a port.
  public mutating func append(inet node: NodeAddress) {
    append(inetAddress: node.address)
    append(bigEndian: Int32(node.port))
  }

  /// Appends a [consistency].
  @inlinable
  public mutating func append(consistency: Consistency) { append(bigEndian: consistency.rawValue) }
}
