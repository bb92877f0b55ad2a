import CassandraBytes

/// Requests as a server reads them.
extension RequestMessage {
  /// Decodes the body of a request behind its prefix.
  ///
  /// The values of its statements are slices of `body`, not copies.
  ///
  /// What Cassandra tolerates is tolerated: bytes behind the message and unknown flags. Positions in errors count from the
  /// start of `body`.
  /// - Throws: `WireError`; `.unexpectedOpcode` when the opcode is a response's.
  public init(opcode: Opcode, body slice: ArraySlice<UInt8>, version: ProtocolVersion) throws(WireError) {
    let body = slice.span
    var position = 0
    switch opcode {
    case .startup:
      // Cassandra takes the names of options in any case. Longer ones than those are names of nothing.
      let options = try body.readStringMap(&position).filter { $0.key.text.utf8.count <= Self.maximumOptionNameBytes }
      self = .startup(
        Dictionary(options.map { (Self.inUpperCase($0.key.text), $0.value) }) { ByteText($0) < ByteText($1) ? $0 : $1 })
    case .options: self = .options
    case .query:
      let text = try body.readLongString(&position)
      self = .query(text, try QueryParameters(reading: body, of: slice, at: &position, version: version))
    case .prepare:
      let text = try body.readLongString(&position)
      let hasKeyspace = version >= .v5 ? try body.readInt(&position) & 1 != 0 : false
      self = .prepare(text, keyspace: hasKeyspace ? try body.readString(&position) : nil)
    case .execute:
      let request = try ExecuteRequest(reading: slice, version: version)
      self = .execute(
        id: [UInt8](request.id), resultMetadataID: request.resultMetadataID.map { [UInt8]($0) }, request.parameters)
    case .batch: self = .batch(try Batch(reading: body, of: slice, at: &position, version: version))
    case .register:
      let number = try body.readCount(elementsOf: 2, &position)
      var kinds: [EventKind] = []
      for _ in 0..<number {
        let start = position
        guard let kind = EventKind(named: Self.inUpperCase(try body.readString(&position))) else {
          throw WireError(.unknownValue, at: start, "There is no such kind of event.")
        }
        kinds.append(kind)
      }
      self = .register(kinds)
    case .authResponse: self = .authResponse(try body.readBytes(&position).map { body.copy($0) })
    case .error, .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess:
      throw WireError(.unexpectedOpcode, at: 0, "\(opcode) is no request.")
    }
  }

  /// Bytes of the longest name of an option of STARTUP that is kept: 128.
  private static let maximumOptionNameBytes = 128

  /// The text with its ASCII letters in upper case.
  private static func inUpperCase(_ text: String) -> String {
    String(
      decoding: text.utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 0x20 : $0 }, as: UTF8.self)
  }

  /// Decodes the body of a request; the values of its statements are slices of `body`.
  public init(opcode: Opcode, body: [UInt8], version: ProtocolVersion) throws(WireError) {
    try self.init(opcode: opcode, body: body[...], version: version)
  }

  /// Decodes the body of a request from a copy of `body`, which the values of its statements are slices of.
  public init(opcode: Opcode, body: Span<UInt8>, version: ProtocolVersion) throws(WireError) {
    try self.init(opcode: opcode, body: [UInt8](copying: body), version: version)
  }
}

/// An EXECUTE as a server reads it that runs it at once: nothing of it is copied.
package struct ExecuteRequest: Sendable {
  /// The id of the statement, a slice of the body.
  package let id: ArraySlice<UInt8>
  /// What the client knows of the rows' columns (v5), a slice of the body.
  package let resultMetadataID: ArraySlice<UInt8>?
  /// Everything else; the values are slices of the body.
  package let parameters: QueryParameters

  /// Decodes the body of an EXECUTE behind its prefix.
  package init(reading slice: ArraySlice<UInt8>, version: ProtocolVersion) throws(WireError) {
    let body = slice.span
    let start = slice.startIndex
    var position = 0
    let id = try body.readShortBytes(&position)
    self.id = slice[start + id.lowerBound..<start + id.upperBound]
    if version >= .v5 {
      let known = try body.readShortBytes(&position)
      resultMetadataID = slice[start + known.lowerBound..<start + known.upperBound]
    } else {
      resultMetadataID = nil
    }
    parameters = try QueryParameters(reading: body, of: slice, at: &position, version: version)
  }
}

extension Batch {
  init(
    reading body: Span<UInt8>, of slice: ArraySlice<UInt8>, at position: inout Int, version: ProtocolVersion
  ) throws(WireError) {
    let number = try body.readByte(&position)
    guard let kind = Kind(rawValue: number) else { throw WireError.unknown("kind of batch", number, at: 0) }
    // The shortest statement is a kind, an empty id and no values.
    let count = try body.readCount(elementsOf: 5, &position)
    var statements: [Statement] = []
    statements.reserveCapacity(count)
    for _ in 0..<count {
      let start = position
      let text: Text
      switch try body.readByte(&position) {
      case 0: text = .query(try body.readLongString(&position))
      case 1: text = .prepared(id: body.copy(try body.readShortBytes(&position)))
      case let other: throw WireError.unknown("kind of statement", other, at: start)
      }
      let number = try body.readCount(elementsOf: 4, &position)
      var values: [BoundValue] = []
      values.reserveCapacity(number)
      for _ in 0..<number { values.append(try BoundValue(reading: body, of: slice, at: &position, version: version)) }
      statements.append(Statement(text, values: values))
    }
    let parameters = try QueryParameters(reading: body, of: slice, at: &position, version: version)
    self.init(kind, statements, parameters: parameters)
  }
}
