internal import CassandraWire

/// Where a result was left, to go on with it later or in another process.
///
/// It carries the version of the protocol and a digest of the statement and its values beside the server's page state:
/// with another statement, other values or another version it is refused, where the server would give wrong rows or none.
/// A position in one partition says nothing of another.
public struct ResumeToken: Sendable, Hashable {
  private static let format: UInt8 = 2
  private static let headBytes = 10
  /// The longest token that is accepted, in bytes: 64 KiB.
  public static let maximumBytes = 65_536

  /// The token as bytes, to be kept or sent elsewhere. They are not secret and not signed: a client of an API can change
  /// them, and what comes back then is an error, or rows of the same statement from another place.
  public let bytes: [UInt8]

  /// A token from its bytes.
  ///
  /// - Throws: ``CassandraError/Code/invalidPageState`` when they are no token.
  public init(bytes: [UInt8]) throws(CassandraError) {
    guard bytes.count > Self.headBytes, bytes.count <= Self.maximumBytes, bytes[0] == Self.format else {
      throw CassandraError(.invalidPageState, "This is not a resume token.")
    }
    self.bytes = bytes
  }

  init(pageState: [UInt8], version: ProtocolVersion, keyspace: String?, text: String, values: [UInt8]) {
    var bytes = [Self.format, version.rawValue]
    let digest = Self.digest(keyspace: keyspace, text: text, values: values)
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: digest >> UInt64(shift)))
    }
    self.bytes = bytes + pageState
  }

  /// The server's page state, for the same statement, values and version only.
  func pageState(
    version: ProtocolVersion, keyspace: String?, text: String, values: [UInt8]
  ) throws(CassandraError) -> [UInt8] {
    let expected = ResumeToken(pageState: [], version: version, keyspace: keyspace, text: text, values: values)
    guard bytes[1] == expected.bytes[1] else {
      throw CassandraError(
        .invalidPageState, "The resume token belongs to another protocol version; read the result from the start.")
    }
    guard bytes[2..<Self.headBytes] == expected.bytes[2..<Self.headBytes] else {
      throw CassandraError(.invalidPageState, "The resume token belongs to another statement, or to other values.")
    }
    return Array(bytes[Self.headBytes...])
  }

  /// FNV-1a over keyspace, text and values: it has to be the same in every process, and nobody is kept out by it.
  private static func digest(keyspace: String?, text: String, values: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in [Array((keyspace ?? "").utf8), [0], Array(text.utf8), [0], values].joined() {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return hash
  }
}
