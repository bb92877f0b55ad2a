internal import CassandraBytes

/// A value within a page: the bytes of a cell, or of a part of one.
package struct PageValue: Sendable {
  /// Where the bytes lie in the page; nil for null.
  package var range: Range<Int>?
  /// What they are.
  package var type: CQLType

  package init(_ range: Range<Int>?, _ type: CQLType) {
    self.range = range
    self.type = type
  }
}

/// The parts of values, for who decodes them into shapes of its own.
extension Page {
  /// The value as a Swift type.
  package func decode<Value: CQLDecodable>(_ type: Value.Type, _ value: PageValue) throws(CQLValueError) -> Value {
    try Value.check(value.type)
    return try Value.decode(value.range, of: body.span, as: value.type)
  }

  /// The fields of a user-defined type with their names, or the entries of a map whose keys are texts; nil when the value
  /// is neither.
  package func namedParts(of value: PageValue) throws(CQLValueError) -> [(name: String, value: PageValue)]? {
    let base = value.range?.lowerBound ?? 0
    let bytes = body.span.extracting(value.range ?? 0..<0)
    var position = 0
    switch value.type {
    case .udt(let definition):
      var parts: [(name: String, value: PageValue)] = []
      for field in definition.fields {
        let range = try bytes.readField(&position, of: value.type)
        parts.append((field.name, PageValue(range.map { $0.lowerBound + base..<$0.upperBound + base }, field.type)))
      }
      return parts
    case .map(let keyType, let valueType):
      switch keyType {
      case .text, .ascii: break
      default: return nil
      }
      let number = try bytes.readElementCount(&position, partsPerElement: 2, of: value.type)
      var parts: [(name: String, value: PageValue)] = []
      for _ in 0..<number {
        let name = try String.decode(try bytes.readPart(&position, of: value.type), of: bytes, as: keyType)
        let range = try bytes.readPart(&position, of: value.type)
        parts.append((name, PageValue(range.map { $0.lowerBound + base..<$0.upperBound + base }, valueType)))
      }
      return parts
    default: return nil
    }
  }

  /// The elements of a list, a set, a vector or a tuple; nil when the value is none of them.
  package func elements(of value: PageValue) throws(CQLValueError) -> [PageValue]? {
    let base = value.range?.lowerBound ?? 0
    let bytes = body.span.extracting(value.range ?? 0..<0)
    var position = 0
    func moved(_ range: Range<Int>?) -> Range<Int>? { range.map { $0.lowerBound + base..<$0.upperBound + base } }
    var elements: [PageValue] = []
    switch value.type {
    case .list(let type), .set(let type):
      let number = try bytes.readElementCount(&position, of: value.type)
      for _ in 0..<number {
        elements.append(PageValue(moved(try bytes.readPart(&position, of: value.type)), type))
      }
    case .tuple(let types):
      for type in types { elements.append(PageValue(moved(try bytes.readField(&position, of: value.type)), type)) }
    case .vector(let type, let dimensions):
      let size = type.sizeInVector
      try bytes.requireVector(dimensions, size: size, of: value.type)
      for _ in 0..<dimensions {
        elements.append(PageValue(moved(try bytes.readVectorElement(&position, size: size, of: value.type)), type))
      }
    default: return nil
    }
    return elements
  }
}
