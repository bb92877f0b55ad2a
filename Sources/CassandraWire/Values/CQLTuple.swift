/// A `tuple` of values of different types, such as `CQLTuple(1, "one", true)`; also the fields of a user-defined type in
/// their order.
///
/// Fields can be null when their Swift types are optional. A value that ends early has null in its last fields; fields
/// beyond those asked for are ignored in a user-defined type, because it may have got more since.
public struct CQLTuple<each Value> {
  /// The values in their order.
  public var values: (repeat each Value)

  /// A tuple of these values.
  @inlinable
  public init(_ values: repeat each Value) { self.values = (repeat each values) }
}

extension CQLTuple: Sendable where repeat each Value: Sendable {}

extension CQLTuple: Equatable where repeat each Value: Equatable {
  /// Whether all values are equal.
  @inlinable
  public static func == (left: CQLTuple, right: CQLTuple) -> Bool {
    for (left, right) in repeat (each left.values, each right.values) {
      guard left == right else { return false }
    }
    return true
  }
}

extension CQLTuple: Hashable where repeat each Value: Hashable {
  /// Feeds all values to the hasher.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    for value in repeat each values { hasher.combine(value) }
  }
}

extension CQLTuple: CQLEncodable where repeat each Value: CQLEncodable {
  /// Appends a `tuple` of as many fields, or the first fields of a user-defined type.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try Self.checkFieldCount(type)
    var index = 0
    func next<Field: CQLEncodable>(_ value: Field) throws(CQLValueError) {
      try buffer.append(field: value, as: Self.fieldType(index, of: type))
      index += 1
    }
    repeat try next(each values)
  }
}

extension CQLTuple: CQLDecodable where repeat each Value: CQLDecodable {
  /// Takes a `tuple` of as many fields, and a user-defined type of at least as many, each of what its value takes.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    try checkFieldCount(type)
    var index = 0
    func next<Field: CQLDecodable>(_ field: Field.Type) throws(CQLValueError) {
      try field.check(fieldType(index, of: type))
      index += 1
    }
    repeat try next((each Value).self)
  }

  /// The values of the fields.
  @inlinable
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLTuple {
    var index = 0
    var position = 0
    func next<Field: CQLDecodable>(
      _ field: Field.Type, _ bytes: Span<UInt8>
    ) throws(CQLValueError) -> Field {
      defer { index += 1 }
      return try field.decode(try bytes.readField(&position, of: type), of: bytes, as: fieldType(index, of: type))
    }
    return CQLTuple(repeat try next((each Value).self, bytes))
  }
}

extension CQLTuple {
  /// Throws unless the type has a field for each value, and a tuple no more.
  @usableFromInline
  static func checkFieldCount(_ type: CQLType) throws(CQLValueError) {
    var count = 0
    for _ in repeat (each Value).self { count += 1 }
    switch type {
    case .tuple(let types) where types.count == count: break
    case .udt(let definition) where definition.fields.count >= count: break
    default: throw CQLValueError.mismatch(Self.self, type)
    }
  }

  /// The type of a field.
  ///
  /// For a type that has not passed the check it may be wrong, and decoding then throws.
  @usableFromInline
  static func fieldType(_ index: Int, of type: CQLType) -> CQLType {
    switch type {
    case .tuple(let types) where index < types.count: types[index]
    case .udt(let definition) where index < definition.fields.count: definition.fields[index].type
    default: .empty
    }
  }
}
