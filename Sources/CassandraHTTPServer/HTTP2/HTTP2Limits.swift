internal import CassandraHTTP

/// What bounds one connection of HTTP/2, besides what bounds any.
struct HTTP2Limits: Sendable {
  var message: HTTPLimits
  var connection: ConnectionLimits
  var streams: Int
  var bodyBytes: Int
  var connectionBodyBytes: Int
  var resets: Int
  var idleFrames: Int
  var headFrameBytes: Int
  var headListBytes: Int
  var decodedHeadBytes: Int
  var queuedFrames: Int
  var queuedAnswers: Int
  var settingsOfAFrame: Int

  /// Bytes that each field of a head counts for, besides its name and value (RFC 9113 §6.5.2).
  static let bytesBesideField = 32

  init(_ options: HTTP2Options, _ connection: ConnectionLimits) {
    self.connection = connection
    message = connection.message
    streams = max(1, options.maximumStreams)
    bodyBytes = max(1, connection.unreadBytes)
    connectionBodyBytes = max(bodyBytes, options.maximumUnreadBytes)
    resets = max(1, options.maximumResets)
    idleFrames = max(1, options.maximumIdleFrames)
    headListBytes = message.headBytes + Self.bytesBesideField * message.fieldCount
    decodedHeadBytes = HTTP2Options.toleratedHeads * headListBytes
    headFrameBytes = max(message.headBytes, options.maximumHeadFrameBytes)
    queuedFrames = max(streams * 4, options.maximumQueuedFrames)
    queuedAnswers = max(1, options.maximumQueuedAnswers)
    settingsOfAFrame = max(8, options.maximumSettings)
  }
}
