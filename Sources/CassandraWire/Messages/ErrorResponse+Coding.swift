import CassandraBytes

/// Errors on the wire. The extra fields of each code are in section 9 of v4 and section 8 of v5.
extension ErrorResponse {
  init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    code = Code(rawValue: try body.readInt(&position))
    message = try body.readString(&position)
    switch code {
    case .unavailable:
      let consistency = try body.readConsistency(&position)
      let required = try body.readInt(&position)
      detail = .unavailable(consistency, required: required, alive: try body.readInt(&position))
    case .writeTimeout:
      let (consistency, received, blockFor) = try Self.readCounts(body, &position)
      let type = WriteType(rawValue: try body.readString(&position))
      // Cassandra writes the contentions from v5 on and only for conditional statements; nothing is there otherwise.
      let contentions =
        version >= .v5 && type == .cas && position < body.count ? try body.readShort(&position) : nil
      detail = .writeTimeout(consistency, received: received, blockFor: blockFor, type, contentions: contentions)
    case .readTimeout:
      let (consistency, received, blockFor) = try Self.readCounts(body, &position)
      let present = try body.readByte(&position) != 0
      detail = .readTimeout(consistency, received: received, blockFor: blockFor, dataPresent: present)
    case .readFailure:
      let (consistency, received, blockFor) = try Self.readCounts(body, &position)
      let failures = try Failures(reading: body, at: &position, version: version)
      let present = try body.readByte(&position) != 0
      detail = .readFailure(consistency, received: received, blockFor: blockFor, failures, dataPresent: present)
    case .functionFailure:
      let keyspace = try body.readString(&position)
      let function = try body.readString(&position)
      let types = try body.readStringList(&position)
      detail = .functionFailure(keyspace: keyspace, function: function, argumentTypes: types)
    case .writeFailure:
      let (consistency, received, blockFor) = try Self.readCounts(body, &position)
      let failures = try Failures(reading: body, at: &position, version: version)
      let type = WriteType(rawValue: try body.readString(&position))
      detail = .writeFailure(consistency, received: received, blockFor: blockFor, failures, type)
    case .casWriteUnknown:
      let (consistency, received, blockFor) = try Self.readCounts(body, &position)
      detail = .casWriteUnknown(consistency, received: received, blockFor: blockFor)
    case .alreadyExists:
      let keyspace = try body.readString(&position)
      detail = .alreadyExists(keyspace: keyspace, table: try body.readString(&position))
    case .unprepared: detail = .unprepared(id: body.copy(try body.readShortBytes(&position)))
    default: detail = .none
    }
  }

  private static func readCounts(
    _ body: Span<UInt8>, _ position: inout Int
  ) throws(WireError) -> (Consistency, received: Int32, blockFor: Int32) {
    let consistency = try body.readConsistency(&position)
    let received = try body.readInt(&position)
    return (consistency, received, try body.readInt(&position))
  }

  /// The error as a version can say it: newer ones become those that Cassandra sends in their place.
  func compatible(with version: ProtocolVersion) -> ErrorResponse {
    switch detail {
    case .casWriteUnknown(let consistency, let received, let blockFor) where version < .v5:
      return ErrorResponse(
        .writeTimeout, message,
        detail: .writeTimeout(consistency, received: received, blockFor: blockFor, .cas, contentions: nil))
    case .readFailure(let consistency, let received, let blockFor, _, let dataPresent) where version < .v4:
      return ErrorResponse(
        .readTimeout, message,
        detail: .readTimeout(consistency, received: received, blockFor: blockFor, dataPresent: dataPresent))
    case .writeFailure(let consistency, let received, let blockFor, _, let type) where version < .v4:
      return ErrorResponse(
        .writeTimeout, message,
        detail: .writeTimeout(consistency, received: received, blockFor: blockFor, type, contentions: nil))
    case .functionFailure where version < .v4:
      return ErrorResponse(.invalid, "ERROR FUNCTION_FAILURE: \(message)")
    case .none where version < .v4 && code == .cdcWriteFailure:
      return ErrorResponse(.invalid, "ERROR CDC_WRITE_FAILURE: \(message)")
    case .none, .unavailable, .writeTimeout, .readTimeout, .readFailure, .functionFailure, .writeFailure,
      .casWriteUnknown, .alreadyExists, .unprepared:
      return self
    }
  }

  /// Appends the error as the version says it; a message is cut at 65,535 bytes, because an error that cannot be sent
  /// would leave its request without an answer.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    let error = compatible(with: version)
    try error.encodeFields(into: &buffer, version: version)
  }

  private func encodeFields(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    buffer.append(bigEndian: code.rawValue)
    buffer.append(cuttingString: message)
    switch detail {
    case .none: break
    case .unavailable(let consistency, let required, let alive):
      Self.append((consistency, required, alive), to: &buffer)
    case .writeTimeout(let consistency, let received, let blockFor, let type, let contentions):
      Self.append((consistency, received, blockFor), to: &buffer)
      try buffer.append(string: type.rawValue)
      if version >= .v5, type == .cas { buffer.append(bigEndian: contentions ?? 0) }
    case .readTimeout(let consistency, let received, let blockFor, let dataPresent):
      Self.append((consistency, received, blockFor), to: &buffer)
      buffer.append(dataPresent ? 1 : 0)
    case .readFailure(let consistency, let received, let blockFor, let failures, let dataPresent):
      Self.append((consistency, received, blockFor), to: &buffer)
      try failures.encode(into: &buffer, version: version)
      buffer.append(dataPresent ? 1 : 0)
    case .functionFailure(let keyspace, let function, let types):
      try buffer.append(string: keyspace)
      try buffer.append(string: function)
      try buffer.append(stringList: types)
    case .writeFailure(let consistency, let received, let blockFor, let failures, let type):
      Self.append((consistency, received, blockFor), to: &buffer)
      try failures.encode(into: &buffer, version: version)
      try buffer.append(string: type.rawValue)
    case .casWriteUnknown(let consistency, let received, let blockFor):
      Self.append((consistency, received, blockFor), to: &buffer)
    case .alreadyExists(let keyspace, let table):
      try buffer.append(string: keyspace)
      try buffer.append(string: table)
    case .unprepared(let id): try buffer.append(shortBytes: id.span)
    }
  }

  private static func append(_ counts: (Consistency, Int32, Int32), to buffer: inout [UInt8]) {
    buffer.append(consistency: counts.0)
    buffer.append(bigEndian: counts.1)
    buffer.append(bigEndian: counts.2)
  }
}

extension ErrorResponse.Failures {
  init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    let start = position
    let number = try body.readInt(&position)
    guard version >= .v5 else {
      self = .count(number)
      return
    }
    // The shortest failure is an IPv4 address with its length, and a reason.
    guard number >= 0 else { throw WireError.invalidLength(Int(number), at: start) }
    try body.require(Int(number) * 7, at: position)
    var reasons: [ErrorResponse.ReplicaFailure] = []
    reasons.reserveCapacity(Int(number))
    for _ in 0..<number {
      let endpoint = try body.readInetAddress(&position)
      reasons.append(.init(endpoint: endpoint, reason: try body.readShort(&position)))
    }
    self = .reasons(reasons)
  }

  /// Appends the failures as the version says it: without their reasons before v5, and from v5 on without those that have
  /// none.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .count(let number): buffer.append(bigEndian: version >= .v5 ? 0 : number)
    case .reasons(let reasons):
      try buffer.append(intCount: reasons.count, of: "A list of failures")
      guard version >= .v5 else { return }
      for failure in reasons {
        buffer.append(inetAddress: failure.endpoint)
        buffer.append(bigEndian: failure.reason)
      }
    }
  }
}
