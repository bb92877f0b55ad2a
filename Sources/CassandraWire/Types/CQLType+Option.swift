import CassandraBytes

/// A type as an [option] (section 4.2.5.2).
extension CQLType {
  /// Reads a type.
  ///
  /// Throws `.nestedTooDeep` past ``maximumNesting`` and `.unknownValue` for a number that names no type.
  public init(reading body: Span<UInt8>, at position: inout Int) throws(WireError) {
    try self.init(reading: body, at: &position, depth: 1)
  }

  private init(reading body: Span<UInt8>, at position: inout Int, depth: Int) throws(WireError) {
    let start = position
    guard depth <= Self.maximumNesting else {
      throw WireError(.nestedTooDeep, at: start, "More than \(Self.maximumNesting) types stand inside of each other.")
    }
    let id = try body.readShort(&position)
    switch id {
    case 0x00: self = CQLType(marshalClassName: try body.readString(&position), depth: depth)
    case 0x01: self = .ascii
    case 0x02: self = .bigint
    case 0x03: self = .blob
    case 0x04: self = .boolean
    case 0x05: self = .counter
    case 0x06: self = .decimal
    case 0x07: self = .double
    case 0x08: self = .float
    case 0x09: self = .int
    case 0x0a, 0x0d: self = .text
    case 0x0b: self = .timestamp
    case 0x0c: self = .uuid
    case 0x0e: self = .varint
    case 0x0f: self = .timeuuid
    case 0x10: self = .inet
    case 0x11: self = .date
    case 0x12: self = .time
    case 0x13: self = .smallint
    case 0x14: self = .tinyint
    case 0x15: self = .duration
    case 0x20: self = .list(try CQLType(reading: body, at: &position, depth: depth + 1))
    case 0x21:
      let key = try CQLType(reading: body, at: &position, depth: depth + 1)
      self = .map(key: key, value: try CQLType(reading: body, at: &position, depth: depth + 1))
    case 0x22: self = .set(try CQLType(reading: body, at: &position, depth: depth + 1))
    case 0x30:
      let keyspace = try body.readString(&position)
      let name = try body.readString(&position)
      let count = try body.readCount(elementsOf: 4, &position)
      var fields: [UserDefinedType.Field] = []
      fields.reserveCapacity(count)
      for _ in 0..<count {
        let field = try body.readString(&position)
        fields.append(.init(field, try CQLType(reading: body, at: &position, depth: depth + 1)))
      }
      self = .udt(UserDefinedType(keyspace: keyspace, name: name, fields: fields))
    case 0x31:
      let count = try body.readCount(elementsOf: 2, &position)
      var types: [CQLType] = []
      types.reserveCapacity(count)
      for _ in 0..<count { types.append(try CQLType(reading: body, at: &position, depth: depth + 1)) }
      self = .tuple(types)
    default: throw WireError.unknown("type", id, at: start)
    }
  }

  /// Appends the type as `version` of the protocol names it, newer types in older versions by class name, as Cassandra
  /// does.
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .custom(let name):
      buffer.append(bigEndian: UInt16(0x00))
      try buffer.append(string: name)
    case .ascii: buffer.append(bigEndian: UInt16(0x01))
    case .bigint: buffer.append(bigEndian: UInt16(0x02))
    case .blob: buffer.append(bigEndian: UInt16(0x03))
    case .boolean: buffer.append(bigEndian: UInt16(0x04))
    case .counter: buffer.append(bigEndian: UInt16(0x05))
    case .decimal: buffer.append(bigEndian: UInt16(0x06))
    case .double: buffer.append(bigEndian: UInt16(0x07))
    case .float: buffer.append(bigEndian: UInt16(0x08))
    case .int: buffer.append(bigEndian: UInt16(0x09))
    case .timestamp: buffer.append(bigEndian: UInt16(0x0b))
    case .uuid: buffer.append(bigEndian: UInt16(0x0c))
    case .text: buffer.append(bigEndian: UInt16(0x0d))
    case .varint: buffer.append(bigEndian: UInt16(0x0e))
    case .timeuuid: buffer.append(bigEndian: UInt16(0x0f))
    case .inet: buffer.append(bigEndian: UInt16(0x10))
    case .date: try encode(as: 0x11, since: .v4, into: &buffer, version: version)
    case .time: try encode(as: 0x12, since: .v4, into: &buffer, version: version)
    case .smallint: try encode(as: 0x13, since: .v4, into: &buffer, version: version)
    case .tinyint: try encode(as: 0x14, since: .v4, into: &buffer, version: version)
    case .duration: try encode(as: 0x15, since: .v5, into: &buffer, version: version)
    case .list(let element):
      buffer.append(bigEndian: UInt16(0x20))
      try element.encode(into: &buffer, version: version)
    case .map(let key, let value):
      buffer.append(bigEndian: UInt16(0x21))
      try key.encode(into: &buffer, version: version)
      try value.encode(into: &buffer, version: version)
    case .set(let element):
      buffer.append(bigEndian: UInt16(0x22))
      try element.encode(into: &buffer, version: version)
    case .udt(let type):
      buffer.append(bigEndian: UInt16(0x30))
      try buffer.append(string: type.keyspace)
      try buffer.append(string: type.name)
      try buffer.append(shortCount: type.fields.count, of: "A user-defined type")
      for field in type.fields {
        try buffer.append(string: field.name)
        try field.type.encode(into: &buffer, version: version)
      }
    case .tuple(let types):
      buffer.append(bigEndian: UInt16(0x31))
      try buffer.append(shortCount: types.count, of: "A tuple")
      for type in types { try type.encode(into: &buffer, version: version) }
    case .vector, .empty:
      buffer.append(bigEndian: UInt16(0x00))
      try buffer.append(string: marshalClassName)
    }
  }

  private func encode(
    as id: UInt16, since first: ProtocolVersion, into buffer: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    guard version < first else { return buffer.append(bigEndian: id) }
    buffer.append(bigEndian: UInt16(0x00))
    try buffer.append(string: marshalClassName)
  }
}

extension CQLType {
  /// Adds up how many bytes the protocol takes to name the type, user types with all their fields wherever they stand.
  ///
  /// In memory user types share what they are made of: one that has another one twice, which has a third one twice, is short
  /// to declare, and thirty such declarations make a thousand million types of it for whoever goes over all of them.
  ///
  /// - Returns: Whether it ends within `limit` bytes and ``maximumNesting``; what is left of it else is passed over.
  package func addExtent(to bytes: inout Int, limit: Int, depth: Int = 0) -> Bool {
    bytes += 2
    guard bytes <= limit, depth < Self.maximumNesting else { return false }
    switch self {
    case .list(let element), .set(let element), .vector(let element, _):
      return element.addExtent(to: &bytes, limit: limit, depth: depth + 1)
    case .map(let key, let value):
      return key.addExtent(to: &bytes, limit: limit, depth: depth + 1)
        && value.addExtent(to: &bytes, limit: limit, depth: depth + 1)
    case .tuple(let elements):
      for element in elements {
        guard element.addExtent(to: &bytes, limit: limit, depth: depth + 1) else { return false }
      }
    case .udt(let definition):
      bytes += definition.keyspace.utf8.count + definition.name.utf8.count
      for field in definition.fields {
        bytes += 2 + field.name.utf8.count
        guard field.type.addExtent(to: &bytes, limit: limit, depth: depth + 1) else { return false }
      }
    case .custom(let name): bytes += name.utf8.count
    default: break
    }
    return bytes <= limit
  }
}
