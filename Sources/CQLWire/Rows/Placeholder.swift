internal import Bytes
internal import JSON
struct CellJSONWriter: Sendable {
  let type: CQLType
  init(_ type: CQLType) { self.type = type }
  func write(_ c: Span<UInt8>, into b: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .text: b.append(jsonString: c)
    case .int: b.append(decimal: Int(c.int32(at: 0)))
    case .float: b.append(utf8: Float(bitPattern: c.uint32(at: 0)).description)
    case .list:
      b.append(UInt8(ascii: "[")); let n = Int(c.int32(at: 0)); var o = 4
      for i in 0..<n {
        if i > 0 { b.append(UInt8(ascii: ",")) }; let k = Int(c.int32(at: o)); o += 4;
        b.append(jsonString: c.extracting(o..<o + k)); o += k
      }
      b.append(UInt8(ascii: "]"))
    default: b.append("null")
    }
  }
}
