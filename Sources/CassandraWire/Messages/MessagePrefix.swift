public import CassandraBytes

/// What stands in the body of a response before its message, as the envelope's flags say (section 4).
public struct ResponsePrefix: Hashable, Sendable {
  /// The session of the trace that the request asked for.
  public var tracingID: CQLUUID?
  /// What the server wants the user to know, though the request succeeded.
  public var warnings: [String]
  /// What a query handler of the server's owner has to say, by names of its own; nil when there is none.
  public var customPayload: [ByteText: [UInt8]?]?

  /// A prefix with these parts.
  public init(tracingID: CQLUUID? = nil, warnings: [String] = [], customPayload: [ByteText: [UInt8]?]? = nil) {
    self.tracingID = tracingID
    self.warnings = warnings
    self.customPayload = customPayload
  }

  /// Reads what `flags` announce at the start of a body and moves `position` to the message.
  ///
  /// Hardly any response has a prefix, so the caller looks at the flags first: see ``isEmpty(_:)``.
  public init(
    reading body: Span<UInt8>, at position: inout Int, flags: EnvelopeFlags
  ) throws(WireError) {
    tracingID = flags.contains(.tracing) ? try body.readUUID(&position) : nil
    warnings = flags.contains(.warning) ? try body.readStringList(&position) : []
    customPayload = flags.contains(.customPayload) ? try body.readBytesMap(&position) : nil
  }

  /// Whether a response with these flags begins with its message.
  @inlinable
  public static func isEmpty(_ flags: EnvelopeFlags) -> Bool {
    flags.isDisjoint(with: [.tracing, .warning, .customPayload])
  }

  /// The flags that announce the parts that are there.
  public var flags: EnvelopeFlags {
    var flags: EnvelopeFlags = []
    if tracingID != nil { flags.insert(.tracing) }
    if !warnings.isEmpty { flags.insert(.warning) }
    if customPayload != nil { flags.insert(.customPayload) }
    return flags
  }

  /// Appends the parts that are there; a warning is cut at 65,535 bytes.
  public func encode(into buffer: inout [UInt8]) throws(WireError) {
    if let tracingID { buffer.append(uuid: tracingID) }
    if !warnings.isEmpty {
      try buffer.append(shortCount: warnings.count, of: "A list")
      for warning in warnings { buffer.append(cuttingString: warning) }
    }
    if let customPayload { try buffer.append(bytesMap: customPayload) }
  }
}

/// What stands in the body of a request before its message, as the envelope's flags say (section 4).
public struct RequestPrefix: Hashable, Sendable {
  /// Something for a query handler of the server's owner; Cassandra's own ignores it.
  ///
  /// From v4 on, with QUERY, PREPARE, EXECUTE and BATCH.
  public var customPayload: [ByteText: [UInt8]?]?

  /// A prefix with this custom payload.
  public init(customPayload: [ByteText: [UInt8]?]? = nil) { self.customPayload = customPayload }

  /// Reads what `flags` announce at the start of a body and moves `position` to the message.
  public init(
    reading body: Span<UInt8>, at position: inout Int, flags: EnvelopeFlags
  ) throws(WireError) {
    customPayload = flags.contains(.customPayload) ? try body.readBytesMap(&position) : nil
  }

  /// The flags that announce the parts that are there.
  public var flags: EnvelopeFlags { customPayload == nil ? [] : .customPayload }

  /// Appends the parts that are there.
  public func encode(into buffer: inout [UInt8]) throws(WireError) {
    if let customPayload { try buffer.append(bytesMap: customPayload) }
  }
}
