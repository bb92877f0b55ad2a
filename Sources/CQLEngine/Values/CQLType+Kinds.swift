import CassandraWire

/// Questions about types.
extension CQLType {
  /// Whether it is a list, a set or a map.
  var isCollection: Bool {
    switch self {
    case .list, .set, .map: true
    default: false
    }
  }

  /// Whether it is one of the types of numbers.
  var isNumber: Bool {
    switch self {
    case .tinyint, .smallint, .int, .bigint, .counter, .varint, .decimal, .float, .double: true
    default: false
    }
  }

  /// Whether a duration is in it, which has no order.
  var hasDuration: Bool {
    switch self {
    case .duration: true
    case .list(let element), .set(let element), .vector(let element, _): element.hasDuration
    case .map(let key, let value): key.hasDuration || value.hasDuration
    case .tuple(let types): types.contains { $0.hasDuration }
    case .udt(let type): type.fields.contains { $0.type.hasDuration }
    default: false
    }
  }

  /// Whether it is a map.
  var isMap: Bool {
    if case .map = self { true } else { false }
  }

  /// The type by which the elements of a set or map are found.
  var elementKey: CQLType? {
    switch self {
    case .set(let element): element
    case .map(let key, _): key
    default: nil
    }
  }

  /// Whether it is a tuple or a user type.
  var isTuple: Bool {
    switch self {
    case .tuple, .udt: true
    default: false
    }
  }

  /// Whether a value of no bytes is a value of its own, and not the same as none.
  var mayBeEmpty: Bool {
    switch self {
    case .custom(let className):
      if case .lexicalUUID = ClassType(className: className) { false } else { true }
    case .text, .ascii, .blob: true
    default: false
    }
  }
}
