internal import CassandraReactor

extension ServerMachine {
  /// What bounds one connection, in bytes and in milliseconds.
  struct Limits {
    var loginRequestBytes: Int
    var requestBytes: Int
    var answerBytes: Int
    var connectionMemoryBytes: Int
    var handshakeTimeout: UInt64
    var frameTimeout: UInt64
    var idleTimeout: UInt64
    var lingerTimeout: UInt64

    init(_ limits: NodeLimits) {
      loginRequestBytes = limits.loginRequestBytes
      requestBytes = limits.requestBytes
      answerBytes = limits.answerBytesPerConnection
      connectionMemoryBytes = limits.connectionMemoryBytes
      handshakeTimeout = limits.handshakeTimeout.wholeMilliseconds
      frameTimeout = limits.frameTimeout.wholeMilliseconds
      idleTimeout = limits.idleTimeout.wholeMilliseconds
      lingerTimeout = limits.lingerTimeout.wholeMilliseconds
    }
  }
}
