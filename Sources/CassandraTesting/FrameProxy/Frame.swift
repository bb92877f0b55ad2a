internal import CassandraBytes
public import CassandraWire

/// Which way a frame goes through a ``FrameProxy``.
public enum FrameDirection: Sendable, Hashable {
  /// A request, from the driver to the node.
  case toNode
  /// An answer or an event, from the node to the driver.
  case toDriver
}

/// An envelope of the native protocol with its body (v4: section 2, v5: section 2.4).
public struct Frame: Sendable, Equatable {
  /// The header; the length of the body in it is not looked at when the frame is sent.
  public var header: EnvelopeHeader
  /// The body, as the node or the driver wrote it.
  public var body: [UInt8]

  /// A frame of its parts.
  public init(_ header: EnvelopeHeader, body: [UInt8]) {
    self.header = header
    self.body = body
  }

  /// What kind of message it is; nil for a number that no message has.
  public var opcode: Opcode? { Opcode(rawValue: header.opcode) }

  /// An answer to `request`, in the node's name.
  ///
  /// - Throws: `WireError` when the message cannot be written in the version of the request.
  public init(
    answering request: EnvelopeHeader, _ message: ResponseMessage, prefix: ResponsePrefix = ResponsePrefix()
  ) throws(WireError) {
    let version = ProtocolVersion(rawValue: request.version) ?? .v4
    header = EnvelopeHeader(
      version: version, isResponse: true, flags: prefix.flags, stream: request.stream, opcode: message.opcode)
    body = []
    try prefix.encode(into: &body)
    try message.encode(into: &body, version: version)
  }

  /// A request.
  ///
  /// - Throws: `WireError` when the message cannot be written in this version.
  init(_ message: RequestMessage, version: ProtocolVersion, stream: Int16) throws(WireError) {
    header = EnvelopeHeader(version: version, isResponse: false, stream: stream, opcode: message.opcode)
    body = []
    try message.encode(into: &body, version: version)
  }

  /// The request in the frame; nil when it is none that can be read.
  var request: RequestMessage? {
    guard let opcode, opcode.isRequest, let version = ProtocolVersion(rawValue: header.version) else { return nil }
    var position = 0
    guard (try? RequestPrefix(reading: body.span, at: &position, flags: header.flags)) != nil else { return nil }
    return try? RequestMessage(opcode: opcode, body: body[position...], version: version)
  }
}
