internal import CassandraReactor

/// A connection as its loop's server knows it, whatever it speaks.
protocol ServedConnection: AnyObject {
  var transport: Transport { get }
  /// Requests that are being answered.
  var requestsInFlight: Int { get }
  /// The server has gone a step further towards its end.
  func end(_ step: LoopServer.Ending)
  /// Bytes that wait for a client that has taken nothing for ``LoopServer/silence``; 0 when there is none.
  func silentBytes(now: UInt64) -> Int
  /// Cuts what waits for such a client.
  func cutSilent(now: UInt64)
}
