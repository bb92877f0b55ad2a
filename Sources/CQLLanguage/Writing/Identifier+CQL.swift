extension Identifier {
  /// The name as CQL text: quoted when it has to be, as Cassandra's DESCRIBE writes it.
  public var cql: String { Self.cql(name) }

  /// A name as CQL text: bare when it begins with a lower-case letter, goes on with these, digits and `_`, and is no
  /// reserved keyword; quoted otherwise.
  public static func cql(_ name: String) -> String {
    isBare(name) ? name : "\"" + doubling("\"", in: name) + "\""
  }

  /// Whether a name needs no quotes.
  private static func isBare(_ name: String) -> Bool {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var count = 0
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        if count == 0 { return false }
      default: return false
      }
      if count < 8 {
        low |= UInt64(byte) << UInt64(count * 8)
      } else if count < 16 {
        high |= UInt64(byte) << UInt64((count - 8) * 8)
      }
      count += 1
    }
    guard count > 0 else { return false }
    guard count <= 16 else { return true }
    let kind = KeywordTable.shared.kind(low: low, high: high)
    return kind.isUnreservedKeyword || kind == .identifier || kind == .boolean
  }

  /// `text` with each `quote` twice. It goes by scalars: with a combining mark behind it a quote is another character.
  static func doubling(_ quote: Unicode.Scalar, in text: String) -> String {
    guard text.unicodeScalars.contains(quote) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      result.append(scalar)
      if scalar == quote { result.append(scalar) }
    }
    return String(result)
  }
}

extension QualifiedName {
  /// The name as CQL text, `keyspace.name`.
  public var cql: String {
    guard let keyspace else { return name.cql }
    return keyspace.cql + "." + name.cql
  }
}
