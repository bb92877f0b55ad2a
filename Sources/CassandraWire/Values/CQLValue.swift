internal import CassandraBytes

/// A value of any CQL type, for tools, tests and whoever does not know the type beforehand.
///
/// It can be bound and decoded like any other value. What was decoded encodes to the same bytes again, but for integers and
/// decimals that were sent with more bytes than they need.
public indirect enum CQLValue: Hashable, Sendable {
  /// No value.
  case null
  /// Nothing is said about it; only to be bound, and not within another value.
  case unset
  /// A value of no bytes of a type for which that means nothing; of the type `empty` it is the only value.
  case empty
  /// A value of `ascii`.
  case ascii(String)
  /// A value of `text`.
  case text(String)
  /// A value of `blob`.
  case blob([UInt8])
  /// A value of `boolean`.
  case boolean(Bool)
  /// A value of `tinyint`.
  case tinyint(Int8)
  /// A value of `smallint`.
  case smallint(Int16)
  /// A value of `int`.
  case int(Int32)
  /// A value of `bigint`.
  case bigint(Int64)
  /// A value of `counter`.
  case counter(Int64)
  /// A value of `varint`.
  case varint(CQLVarint)
  /// A value of `decimal`.
  case decimal(CQLDecimal)
  /// A value of `float`.
  case float(Float)
  /// A value of `double`.
  case double(Double)
  /// A value of `uuid`.
  case uuid(CQLUUID)
  /// A value of `timeuuid`.
  case timeuuid(CQLUUID)
  /// A value of `inet`.
  case inet(CQLInet)
  /// A value of `date`.
  case date(CQLDate)
  /// A value of `time`.
  case time(CQLTime)
  /// A value of `timestamp`.
  case timestamp(CQLTimestamp)
  /// A value of `duration`.
  case duration(CQLDuration)
  /// The elements of a `list`.
  case list([CQLValue])
  /// The elements of a `set`, in the order in which they were sent.
  case set([CQLValue])
  /// The entries of a `map`, in the order in which they were sent.
  case map([Entry])
  /// The fields of a `tuple`; the last ones may be missing.
  case tuple([CQLValue])
  /// The fields of a user-defined type; the last ones may be missing. To be bound they can be in any order.
  case udt([Field])
  /// The elements of a `vector`.
  case vector([CQLValue])
  /// The bytes of a value of a type that this module does not know, and those of a `time` that is outside of a day.
  case custom([UInt8])

  /// A key of a map and its value.
  public struct Entry: Hashable, Sendable {
    /// The key.
    public var key: CQLValue
    /// The value.
    public var value: CQLValue

    /// An entry of a map.
    public init(_ key: CQLValue, _ value: CQLValue) {
      self.key = key
      self.value = value
    }
  }

  /// A field of a user-defined type and its value.
  public struct Field: Hashable, Sendable {
    /// The field's name.
    public var name: String
    /// Its value.
    public var value: CQLValue

    /// A field with its value.
    public init(_ name: String, _ value: CQLValue) {
      self.name = name
      self.value = value
    }
  }
}

extension CQLValue: CQLEncodable {
  /// Null, unset, or a value.
  public var presence: CQLPresence {
    switch self {
    case .null: .null
    case .unset: .unset
    default: .value
    }
  }

  /// Appends the value; its case and the type have to be the same, but that integers go into every integer type they fit
  /// into, and text into `ascii` when it is that.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch self {
    case .null, .unset, .empty: break
    case .ascii(let text), .text(let text): try text.encode(as: type, into: &buffer)
    case .blob(let bytes), .custom(let bytes):
      switch type {
      case .blob, .custom: buffer.append(contentsOf: bytes)
      case .time where isCustom && bytes.count == 8: buffer.append(contentsOf: bytes)
      default: throw CQLValueError.mismatch(CQLValue.self, type)
      }
    case .boolean(let value): try value.encode(as: type, into: &buffer)
    case .tinyint(let number): try number.encode(as: type, into: &buffer)
    case .smallint(let number): try number.encode(as: type, into: &buffer)
    case .int(let number): try number.encode(as: type, into: &buffer)
    case .bigint(let number), .counter(let number): try number.encode(as: type, into: &buffer)
    case .varint(let number):
      if let number = number.exactly(Int64.self) {
        try number.encode(as: type, into: &buffer)
      } else {
        try number.encode(as: type, into: &buffer)
      }
    case .decimal(let number): try number.encode(as: type, into: &buffer)
    case .float(let number): try number.encode(as: type, into: &buffer)
    case .double(let number): try number.encode(as: type, into: &buffer)
    case .uuid(let uuid), .timeuuid(let uuid): try uuid.encode(as: type, into: &buffer)
    case .inet(let address): try address.encode(as: type, into: &buffer)
    case .date(let date): try date.encode(as: type, into: &buffer)
    case .time(let time): try time.encode(as: type, into: &buffer)
    case .timestamp(let timestamp): try timestamp.encode(as: type, into: &buffer)
    case .duration(let duration): try duration.encode(as: type, into: &buffer)
    case .list(let elements):
      guard case .list = type else { throw CQLValueError.mismatch(CQLValue.self, type) }
      try elements.encode(as: type, into: &buffer)
    case .set(let elements):
      guard case .set = type else { throw CQLValueError.mismatch(CQLValue.self, type) }
      try elements.encode(as: type, into: &buffer)
    case .vector(let elements):
      guard case .vector = type else { throw CQLValueError.mismatch(CQLValue.self, type) }
      try elements.encode(as: type, into: &buffer)
    case .map(let entries):
      guard case .map(let keyType, let valueType) = type else { throw CQLValueError.mismatch(CQLValue.self, type) }
      try buffer.append(elementCount: entries.count, of: type)
      for entry in entries {
        try buffer.append(element: entry.key, as: keyType)
        try buffer.append(element: entry.value, as: valueType)
      }
    case .tuple(let fields):
      guard case .tuple(let types) = type, fields.count <= types.count else {
        throw CQLValueError.mismatch(CQLValue.self, type)
      }
      for (field, type) in zip(fields, types) { try buffer.append(field: field, as: type) }
    case .udt(let fields):
      guard case .udt(let definition) = type else { throw CQLValueError.mismatch(CQLValue.self, type) }
      try Self.encode(fields, as: definition, into: &buffer)
    }
  }

  private var isCustom: Bool { if case .custom = self { true } else { false } }

  /// Appends the fields in the order of their definition, null for those that are missing before the last one.
  private static func encode(
    _ fields: [Field], as definition: UserDefinedType, into buffer: inout [UInt8]
  ) throws(CQLValueError) {
    var values: [ByteText: CQLValue] = [:]
    for field in fields {
      guard values.updateValue(field.value, forKey: ByteText(field.name)) == nil else {
        throw CQLValueError.outOfRange(.udt(definition), "A field of a user-defined type is given twice.")
      }
    }
    for field in definition.fields {
      guard !values.isEmpty else { return }
      try buffer.append(field: values.removeValue(forKey: ByteText(field.name)) ?? .null, as: field.type)
    }
    guard values.isEmpty else {
      throw CQLValueError.outOfRange(.udt(definition), "The user-defined type has no field of that name.")
    }
  }
}

extension CQLValue: NullableElements {
  package func encode(elements type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .list(let elements) = self else { throw CQLValueError.mismatch(CQLValue.self, .list(type)) }
    try elements.encode(elements: type, into: &buffer)
  }
}
