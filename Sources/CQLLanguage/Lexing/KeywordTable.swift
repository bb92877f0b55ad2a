/// The keywords of the language, found by their text.
///
/// A word of at most sixteen bytes is packed, in lower case, into two integers, which are the key of an open hash table;
/// so a word is neither copied nor turned into a `String` to be looked up.
struct KeywordTable: Sendable {
  private struct Entry {
    var low: UInt64
    var high: UInt64
    var kind: TokenKind
  }

  private static let size = 1024
  private let entries: [Entry]

  static let shared = KeywordTable()

  private init() {
    var entries = [Entry](repeating: Entry(low: 0, high: 0, kind: .identifier), count: Self.size)
    for (word, kind) in Self.words {
      var low: UInt64 = 0
      var high: UInt64 = 0
      for (index, byte) in word.utf8.enumerated() {
        if index < 8 {
          low |= UInt64(byte) << UInt64(index * 8)
        } else {
          high |= UInt64(byte) << UInt64(index * 8 - 64)
        }
      }
      var slot = Self.slot(low, high)
      while entries[slot].low != 0 { slot = (slot + 1) & (Self.size - 1) }
      entries[slot] = Entry(low: low, high: high, kind: kind)
    }
    self.entries = entries
  }

  /// The keyword whose lower-case bytes are packed in `low` and `high`, or `.identifier`.
  @inline(__always)
  func kind(low: UInt64, high: UInt64) -> TokenKind {
    var slot = Self.slot(low, high)
    while true {
      let entry = entries[slot]
      if entry.low == low, entry.high == high { return entry.kind }
      if entry.low == 0 { return .identifier }
      slot = (slot + 1) & (Self.size - 1)
    }
  }

  @inline(__always)
  private static func slot(_ low: UInt64, _ high: UInt64) -> Int {
    Int(truncatingIfNeeded: ((low ^ (high &* 31)) &* 0x9e37_79b9_7f4a_7c15) >> 54)
  }

  private static let words: [(String, TokenKind)] = [
    ("access", .access), ("add", .add), ("aggregate", .aggregate), ("aggregates", .aggregates), ("all", .all),
    ("allow", .allow), ("alter", .alter), ("and", .and), ("ann", .ann), ("apply", .apply), ("as", .as), ("asc", .asc),
    ("ascii", .ascii), ("authorize", .authorize), ("batch", .batch), ("begin", .begin), ("bigint", .bigint),
    ("blob", .blob), ("boolean", .booleanType), ("by", .by), ("called", .called), ("cast", .cast), ("cidrs", .cidrs),
    ("cluster", .cluster), ("clustering", .clustering), ("columnfamilies", .tables), ("columnfamily", .columnfamily),
    ("compact", .compact), ("contains", .contains), ("count", .count), ("counter", .counter), ("create", .create),
    ("custom", .custom), ("datacenters", .datacenters), ("date", .date), ("decimal", .decimal), ("default", .default),
    ("delete", .delete), ("desc", .desc), ("describe", .describe), ("distinct", .distinct), ("double", .double),
    ("drop", .drop), ("duration", .durationType), ("entries", .entries), ("execute", .execute), ("exists", .exists),
    ("false", .boolean), ("filtering", .filtering), ("finalfunc", .finalfunc), ("float", .floatType), ("from", .from),
    ("frozen", .frozen), ("full", .full), ("function", .function), ("functions", .functions), ("grant", .grant),
    ("group", .group), ("hashed", .hashed), ("identity", .identity), ("if", .if), ("in", .in), ("index", .index),
    ("inet", .inet), ("infinity", .positiveInfinity), ("initcond", .initcond), ("input", .input), ("insert", .insert),
    ("int", .int), ("internals", .internals), ("into", .into), ("is", .is), ("json", .json), ("key", .key),
    ("keys", .keys), ("keyspace", .keyspace), ("keyspaces", .keyspaces), ("language", .language), ("like", .like),
    ("limit", .limit), ("list", .list), ("login", .login), ("map", .map), ("masked", .masked),
    ("materialized", .materialized), ("maxwritetime", .maxwritetime), ("mbean", .mbean), ("mbeans", .mbeans),
    ("modify", .modify), ("nan", .positiveNaN), ("nologin", .nologin), ("norecursive", .norecursive),
    ("nosuperuser", .nosuperuser), ("not", .not), ("null", .null), ("of", .of), ("on", .on), ("only", .only),
    ("options", .options), ("or", .or), ("order", .order), ("partition", .partition), ("password", .password),
    ("per", .per), ("permission", .permission), ("permissions", .permissions), ("primary", .primary),
    ("rename", .rename), ("replace", .replace), ("returns", .returns), ("revoke", .revoke), ("role", .role),
    ("roles", .roles), ("schema", .schema), ("select", .select), ("select_masked", .selectMasked), ("set", .set),
    ("sfunc", .sfunc), ("smallint", .smallint), ("static", .static), ("storage", .storage), ("stype", .stype),
    ("superuser", .superuser), ("table", .columnfamily), ("tables", .tables), ("text", .text), ("time", .time),
    ("timestamp", .timestamp), ("timeuuid", .timeuuid), ("tinyint", .tinyint), ("to", .to), ("token", .token),
    ("trigger", .trigger), ("true", .boolean), ("truncate", .truncate), ("ttl", .ttl), ("tuple", .tuple),
    ("type", .type), ("types", .types), ("unlogged", .unlogged), ("unmask", .unmask), ("unset", .unset),
    ("update", .update), ("use", .use), ("user", .user), ("users", .users), ("using", .using), ("uuid", .uuidType),
    ("values", .values), ("varchar", .varchar), ("varint", .varint), ("vector", .vector), ("view", .view),
    ("where", .where), ("with", .with), ("writetime", .writetime),
  ]
}
