/// The name of a keyspace, a table or a column, to be put into a statement.
///
/// A value that is interpolated is bound and never becomes part of the text. A name cannot be bound, so it has this type
/// of its own, and it is always written in double quotes: whatever it contains, it stays one name.
///
/// ```swift
/// let table = Identifier("plants_2026")
/// try await client.query("SELECT species FROM \(table) WHERE genus = \(genus)")
/// ```
public struct Identifier: Sendable, Hashable, CustomStringConvertible {
  /// The name itself, without quotes. Quoted names are case-sensitive: `Identifier("Plants")` is not `plants`.
  public let name: String

  /// The identifier of that name.
  public init(_ name: String) { self.name = name }

  /// The name in double quotes, with those inside doubled.
  public var description: String {
    var text = "\""
    for character in name {
      if character == "\"" { text.append("\"") }
      text.append(character)
    }
    return text + "\""
  }
}
