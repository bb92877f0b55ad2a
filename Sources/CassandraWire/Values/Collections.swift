public import CassandraBytes

/// A `list`, `set` or `vector`; an array of bytes is a `blob`, and the bytes of a type this module does not know.
///
/// Null and a value of no bytes become an empty array, because Cassandra keeps no empty collections but frozen ones.
/// Elements are neither null nor unset. A vector has as many elements as its type says.
extension Array: CQLEncodable where Element: CQLEncodable {
  /// Appends a `list`, a `set` in the order of the array, a `vector`, or bytes as they are.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch type {
    case .list(let element), .set(let element):
      try buffer.append(elementCount: count, of: type)
      for value in self { try buffer.append(element: value, as: element) }
    case .vector(let element, let dimensions):
      guard count == dimensions else {
        throw CQLValueError.outOfRange(type, "A vector has as many elements as its type says.")
      }
      let size = element.sizeInVector
      for value in self { try buffer.append(vectorElement: value, as: element, size: size) }
    case .blob, .custom:
      guard let bytes = self as? [UInt8] else { throw CQLValueError.mismatch(Self.self, type) }
      buffer.append(contentsOf: bytes)
    default: throw CQLValueError.mismatch(Self.self, type)
    }
  }
}

extension Array: CQLDecodable where Element: CQLDecodable {
  /// Takes a `list`, `set` or `vector` of what the element takes, and bytes.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    switch type {
    case .list(let element), .set(let element), .vector(let element, _): try Element.check(element)
    case .blob, .custom:
      guard Element.self == UInt8.self else { throw CQLValueError.mismatch(Self.self, type) }
    default: throw CQLValueError.mismatch(Self.self, type)
    }
  }

  /// The elements in their order.
  ///
  /// A row is decoded by way of the protocol, where the compiler (6.3) does not see that it knows the elements' type.
  @inlinable
  @_specialize(where Element == String)
  @_specialize(where Element == Float)
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> [Element] {
    switch type {
    case .list(let element), .set(let element):
      var position = 0
      let number = try bytes.readElementCount(&position, of: type)
      var list: [Element] = []
      try list.append(addingCapacity: number) { output throws(CQLValueError) in
        for _ in 0..<number {
          output.append(try Element.decode(try bytes.readPart(&position, of: type), of: bytes, as: element))
        }
      }
      try bytes.requireEnd(position, of: type)
      return list
    case .vector(let element, let dimensions):
      let size = element.sizeInVector
      try bytes.requireVector(dimensions, size: size, of: type)
      var position = 0
      var list: [Element] = []
      try list.append(addingCapacity: dimensions) { output throws(CQLValueError) in
        for _ in 0..<dimensions {
          let range = try bytes.readVectorElement(&position, size: size, of: type)
          output.append(try Element.decode(bytes.extracting(range), as: element))
        }
      }
      try bytes.requireEnd(position, of: type)
      return list
    default:
      guard let copy = [UInt8](copying: bytes) as? [Element] else { throw CQLValueError.mismatch(Self.self, type) }
      return copy
    }
  }

  /// An empty array: a collection that is not frozen is null when it has no elements.
  @inlinable
  public static func decodeNull() throws(CQLValueError) -> [Element] { [] }
}

/// A `set`. Null becomes an empty one.
///
/// Cassandra sorts the elements of what it is given and removes equal ones, so the order in which they are sent does not
/// matter.
extension Set: CQLEncodable where Element: CQLEncodable {
  /// Appends a `set`.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .set(let element) = type else { throw CQLValueError.mismatch(Self.self, type) }
    try buffer.append(elementCount: count, of: type)
    for value in self { try buffer.append(element: value, as: element) }
  }
}

extension Set: CQLDecodable where Element: CQLDecodable {
  /// Takes a `set` of what the element takes.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .set(let element) = type else { throw CQLValueError.mismatch(Self.self, type) }
    try Element.check(element)
  }

  /// The elements, equal ones once.
  @inlinable
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Set<Element> {
    guard case .set(let element) = type else { throw CQLValueError.mismatch(Self.self, type) }
    var position = 0
    let number = try bytes.readElementCount(&position, of: type)
    var set: Set<Element> = []
    for _ in 0..<number {
      set.insert(try Element.decode(try bytes.readPart(&position, of: type), of: bytes, as: element))
    }
    try bytes.requireEnd(position, of: type)
    return set
  }

  /// An empty set: one that is not frozen is null when it has no elements.
  @inlinable
  public static func decodeNull() throws(CQLValueError) -> Set<Element> { [] }
}

/// A `map`. Null becomes an empty one; of entries with equal keys the last stays.
extension Dictionary: CQLEncodable where Key: CQLEncodable, Value: CQLEncodable {
  /// Appends a `map`, in any order: Cassandra sorts it.
  @inlinable
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .map(let keyType, let valueType) = type else { throw CQLValueError.mismatch(Self.self, type) }
    try buffer.append(elementCount: count, of: type)
    for (key, value) in self {
      try buffer.append(element: key, as: keyType)
      try buffer.append(element: value, as: valueType)
    }
  }
}

extension Dictionary: CQLDecodable where Key: CQLDecodable, Value: CQLDecodable {
  /// Takes a `map` of what key and value take.
  @inlinable
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .map(let keyType, let valueType) = type else { throw CQLValueError.mismatch(Self.self, type) }
    try Key.check(keyType)
    try Value.check(valueType)
  }

  /// The entries by their keys.
  @inlinable
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> [Key: Value] {
    guard case .map(let keyType, let valueType) = type else { throw CQLValueError.mismatch(Self.self, type) }
    var position = 0
    let number = try bytes.readElementCount(&position, partsPerElement: 2, of: type)
    var map: [Key: Value] = [:]
    for _ in 0..<number {
      let key = try Key.decode(try bytes.readPart(&position, of: type), of: bytes, as: keyType)
      let value = try Value.decode(try bytes.readPart(&position, of: type), of: bytes, as: valueType)
      map.updateValue(value, forKey: key)
    }
    try bytes.requireEnd(position, of: type)
    return map
  }

  /// An empty dictionary: a map that is not frozen is null when it has no entries.
  @inlinable
  public static func decodeNull() throws(CQLValueError) -> [Key: Value] { [:] }
}

extension Array where Element == UInt8 {
  @usableFromInline
  mutating func append(elementCount number: Int, of type: CQLType) throws(CQLValueError) {
    guard let number = Int32(exactly: number) else { throw CQLValueError.tooLong(type) }
    append(bigEndian: number)
  }

  /// Appends an element of a vector: without its length when all have the same `size`, else behind it.
  @inlinable
  mutating func append<Value: CQLEncodable>(
    vectorElement value: Value, as type: CQLType, size: Int?
  ) throws(CQLValueError) {
    guard case .value = value.presence else {
      throw CQLValueError.outOfRange(type, "An element of a vector can be neither null nor unset.")
    }
    guard size == nil else { return try value.encode(as: type, into: &self) }
    // The length is of variable size, so it is known only when the element is written.
    var element: [UInt8] = []
    try value.encode(as: type, into: &element)
    append(unsignedVInt: UInt64(element.count))
    append(contentsOf: element)
  }
}
