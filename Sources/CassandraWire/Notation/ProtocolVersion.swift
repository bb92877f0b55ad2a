/// A version of the native protocol that this module speaks.
///
/// One connection uses one version, set by its first STARTUP. The versions differ in the size of the flags, in fields of
/// single messages and in the types they can name; every function that encodes or decodes takes the version for that.
public enum ProtocolVersion: UInt8, CaseIterable, Hashable, Sendable {
  /// Cassandra 2.1 and later. No date, time, smallint and tinyint by number, no custom payload, no unset values.
  case v3 = 3
  /// Cassandra 2.2 and later.
  case v4 = 4
  /// Cassandra 4.0 and later: segments with checksums around the envelopes, result metadata ids, keyspace per request.
  case v5 = 5
}

extension ProtocolVersion: Comparable, CustomStringConvertible {
  /// Whether the left version came out before the right one.
  public static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.rawValue < right.rawValue }

  /// `v4`, as the specification writes it.
  public var description: String { "v\(rawValue)" }
}
