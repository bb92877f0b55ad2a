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
    // Not by characters: a quote with a combining mark behind it is another character, and still a quote to a server.
    var text = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in name.unicodeScalars {
      if scalar == "\"" { text.append("\"") }
      text.append(scalar)
    }
    text.append("\"")
    return String(text)
  }
}
