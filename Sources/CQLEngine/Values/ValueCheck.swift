import CassandraBytes
import CassandraWire

/// Refuses bytes that are no value of a type, as Cassandra's serializers do and with their messages.
enum ValueCheck {
  /// Throws unless `value` is a value of `type`.
  static func validate(_ value: Span<UInt8>, _ type: CQLType) throws(EngineFailure) {
    let count = value.count
    let isValid: Bool
    switch type {
    case .blob: isValid = true
    case .custom(let className): return try ClassType(className: className)?.validate(value) ?? ()
    case .text: isValid = (try? UTF8Span(validating: value)) != nil
    case .ascii: isValid = isASCII(value)
    case .bigint, .counter, .double, .timestamp: isValid = count == 8 || count == 0
    case .int, .float: isValid = count == 4 || count == 0
    case .boolean: isValid = count <= 1
    case .uuid: isValid = count == 16 || count == 0
    case .timeuuid: isValid = count == 0 || count == 16 && value[6] >> 4 == 1
    case .inet: isValid = count == 4 || count == 16 || count == 0
    case .date: isValid = count == 4
    case .time: isValid = count == 8
    case .smallint: isValid = count == 2
    case .tinyint: isValid = count == 1
    case .varint: isValid = true
    case .decimal: isValid = count == 0 || count >= 4
    case .duration: isValid = duration(value)
    case .empty: isValid = count == 0
    case .list(let element), .set(let element): return try validate(elements: value, [element], of: type)
    case .map(let keyType, let valueType): return try validate(elements: value, [keyType, valueType], of: type)
    case .tuple(let types): return try validate(fields: value, types)
    case .udt(let definition): return try validate(value, definition)
    case .vector(let element, let dimensions): return try validate(vector: value, element, dimensions, of: type)
    }
    guard isValid else { throw failure(value, type) }
  }

  /// Cassandra's message about a value of the wrong shape.
  static func failure(_ value: Span<UInt8>, _ type: CQLType) -> EngineFailure {
    let count = value.count
    let message =
      switch type {
      case .text: "String didn't validate."
      case .ascii: "Invalid byte for ascii: \(firstNegative(value))"
      case .bigint, .counter: "Expected 8 or 0 byte long (\(count))"
      case .int: "Expected 4 or 0 byte int (\(count))"
      case .smallint: "Expected 2 bytes for a smallint (\(count))"
      case .tinyint: "Expected 1 byte for a tinyint (\(count))"
      case .boolean: "Expected 1 or 0 byte value (\(count))"
      case .float: "Expected 4 or 0 byte value for a float (\(count))"
      case .double: "Expected 8 or 0 byte value for a double (\(count))"
      case .timestamp: "Expected 8 or 0 byte long for date (\(count))"
      case .date: "Expected 4 byte long for date (\(count))"
      case .time: "Expected 8 byte long for time (\(count))"
      case .uuid: "UUID should be 16 or 0 bytes (\(count))"
      case .timeuuid where count != 16 && count != 0: "UUID should be 16 or 0 bytes (\(count))"
      case .timeuuid: "Invalid version for TimeUUID type."
      case .inet: "Expected 4 or 16 byte inetaddress; got \(count)"
      case .decimal: "Expected 0 or at least 4 bytes (\(count))"
      case .duration: "Expected at least 3 bytes for a duration (\(count))"
      case .vector: "Not enough bytes to read a vector"
      default: "Not enough bytes to read a \(type)"
      }
    return EngineFailure.invalid(message)
  }

  private static func isASCII(_ value: Span<UInt8>) -> Bool {
    for index in value.indices where value[index] >= 0x80 { return false }
    return true
  }

  private static func firstNegative(_ value: Span<UInt8>) -> Int {
    for index in value.indices where value[index] >= 0x80 { return Int(Int8(bitPattern: value[index])) }
    return 0
  }

  private static func duration(_ value: Span<UInt8>) -> Bool {
    do throws(CQLValueError) {
      return try CQLDuration.decode(value, as: .duration).isValid
    } catch {
      return false
    }
  }

  private static func name(_ type: CQLType) -> String {
    switch type {
    case .list: "list"
    case .set: "set"
    case .map: "map"
    default: "\(type)"
    }
  }

  private static func validate(
    elements value: Span<UInt8>, _ types: [CQLType], of type: CQLType
  ) throws(EngineFailure) {
    let short = EngineFailure.invalid("Not enough bytes to read a \(name(type))")
    guard value.count >= 4, value.int32(at: 0) >= 0 else { throw short }
    var position = 4
    for _ in 0..<Int(value.int32(at: 0)) {
      for elementType in types {
        guard value.count - position >= 4 else { throw short }
        let length = Int(value.int32(at: position))
        position += 4
        guard length >= 0 else { throw EngineFailure.invalid("Null value read when not allowed") }
        guard length <= value.count - position else { throw short }
        try validate(value.extracting(position..<position + length), elementType)
        position += length
      }
    }
    guard position == value.count else {
      throw EngineFailure.invalid("Unexpected extraneous bytes after \(name(type)) value")
    }
  }

  /// Cassandra names the field at fault, through all user types around it.
  private static func validate(_ value: Span<UInt8>, _ definition: UserDefinedType) throws(EngineFailure) {
    var position = 0
    for (index, field) in definition.fields.enumerated() {
      guard position < value.count else { return }
      guard value.count - position >= 4 else {
        throw EngineFailure.invalid("Not enough bytes to read size of \(index)th field \(field.name)")
      }
      let length = Int(value.int32(at: position))
      position += 4
      guard length >= 0 else { continue }
      guard length <= value.count - position else {
        throw EngineFailure.invalid("Not enough bytes to read \(index)th field \(field.name)")
      }
      do throws(EngineFailure) {
        try validate(value.extracting(position..<position + length), field.type)
      } catch {
        throw EngineFailure.invalid(
          "Failure validating the \(index)th field \(field.name); \(error.response.message)")
      }
      position += length
    }
    guard position == value.count else {
      throw EngineFailure.invalid("Invalid remaining data after end of UDT value")
    }
  }

  private static func validate(
    fields value: Span<UInt8>, _ types: [CQLType]
  ) throws(EngineFailure) {
    var position = 0
    for (index, fieldType) in types.enumerated() {
      guard position < value.count else { return }
      guard value.count - position >= 4 else {
        throw EngineFailure.invalid("Not enough bytes to read size of \(index)th component")
      }
      let length = Int(value.int32(at: position))
      position += 4
      guard length >= 0 else { continue }
      guard length <= value.count - position else {
        throw EngineFailure.invalid("Not enough bytes to read \(index)th component")
      }
      try validate(value.extracting(position..<position + length), fieldType)
      position += length
    }
    guard position == value.count else {
      throw EngineFailure.invalid("Invalid remaining data after end of tuple value")
    }
  }

  private static func validate(
    vector value: Span<UInt8>, _ element: CQLType, _ dimensions: Int, of type: CQLType
  ) throws(EngineFailure) {
    var position = 0
    let size = ValueLayout.sizeInVector(element)
    for _ in 0..<dimensions {
      let range: Range<Int>
      do throws(CQLValueError) {
        range = try value.readVectorElement(&position, size: size, of: type)
      } catch {
        throw EngineFailure.invalid("Not enough bytes to read a \(type)")
      }
      try validate(value.extracting(range), element)
    }
    guard position == value.count else {
      throw EngineFailure.invalid("Unexpected \(value.count - position) extraneous bytes after \(type) value")
    }
  }
}
