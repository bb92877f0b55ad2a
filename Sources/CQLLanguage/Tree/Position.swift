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

  /// The line, from 1, and the column, from 0 and in UTF-16 code units, as Cassandra's messages count them.
  public func place(in statement: [UInt8]) -> (line: Int, column: Int) {
    let end = min(offset, statement.count)
    var line = 1
    var start = 0
    for index in 0..<end where statement[index] == UInt8(ascii: "\n") {
      line += 1
      start = index + 1
    }
    return (line, String(decoding: statement[start..<end], as: UTF8.self).utf16.count)
  }

  /// True: where something stands is no part of what it says.
  public static func == (_: Position, _: Position) -> Bool { true }

  /// Adds nothing, because all positions are equal.
  public func hash(into _: inout Hasher) {}
}
