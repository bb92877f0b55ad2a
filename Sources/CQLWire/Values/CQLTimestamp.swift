/// A value of the type `timestamp`: a moment in milliseconds since the Unix epoch.
public struct CQLTimestamp: Hashable, Sendable {
  /// Milliseconds since 1 January 1970, 00:00 UTC; negative before it.
  public var milliseconds: Int64

  /// A moment from its milliseconds since the Unix epoch.
  @inlinable
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
}
