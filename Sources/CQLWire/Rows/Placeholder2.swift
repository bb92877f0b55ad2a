internal import Bytes
extension CQLUUID: CQLDecodable {
  public static func check(_ t: CQLType) throws(CQLValueError) {};
  public static func decode(_ b: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLUUID {
    CQLUUID(high: 0, low: 0)
  }
}
extension CQLInet: CQLDecodable {
  public static func check(_ t: CQLType) throws(CQLValueError) {};
  public static func decode(_ b: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLInet {
    throw .malformed(nil, "x")
  }
}
extension Array: CQLEncodable where Element: CQLEncodable {
  public func encode(as type: CQLType, into b: inout [UInt8]) throws(CQLValueError) {
    guard case .list(let e) = type else { throw .mismatch(Self.self, type) }; b.append(bigEndian: Int32(count));
    for x in self { try b.append(value: x, as: e) }
  }
}
extension Array: CQLDecodable where Element: CQLDecodable {
  public static func check(_ t: CQLType) throws(CQLValueError) {}
  public static func decodeNull() throws(CQLValueError) -> Self { [] }
  public static func decode(_ b: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Self {
    guard case .list(let e) = type else { throw .mismatch(Self.self, type) }; var o = 4; var r: [Element] = [];
    let n = Int(b.int32(at: 0)); r.reserveCapacity(n);
    for _ in 0..<n {
      let k = Int(b.int32(at: o)); o += 4; r.append(try Element.decode(b.extracting(o..<o + k), as: e)); o += k
    }; return r
  }
}
