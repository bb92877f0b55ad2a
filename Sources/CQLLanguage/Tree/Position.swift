/// A byte offset in the statement's text, for messages.
///
/// All positions are equal, so two trees are equal when they say the same, wherever it stands.
public struct Position: Sendable, Equatable, Hashable {
  /// The offset in bytes from the beginning of the statement.
  public var offset: Int

  /// A position at `offset` bytes from the beginning.
  public init(_ offset: Int = 0) {
    self.offset = offset
  }

  /// True: where something stands is no part of what it says.
  public static func == (_: Position, _: Position) -> Bool { true }

  /// Adds nothing, because all positions are equal.
  public func hash(into _: inout Hasher) {}
}
