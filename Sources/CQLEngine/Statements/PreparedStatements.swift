import CassandraBytes
import CQLLanguage
import CassandraWire
import Synchronization

/// The name of a prepared statement: a digest of its keyspace and text, so that it is the same on every loop and after a
/// restart.
struct StatementID: Hashable, Sendable {
  /// The bytes of an id on the wire.
  static let byteCount = 16

  private let high: UInt64
  private let low: UInt64

  init(keyspace: String?, text: String) {
    let digest = MD5.digest(Array((keyspace ?? "").utf8) + Array(text.utf8))
    self.init(high: digest.span.uint64(at: 0), low: digest.span.uint64(at: 8))
  }

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The id of such bytes, or nil when they are none.
  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    self.init(high: high, low: low)
  }

  /// The bytes on the wire.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: high)
    bytes.append(bigEndian: low)
    return bytes
  }

  /// A part of it that page states carry.
  var digest: UInt64 { high }
}

/// A statement as it was prepared; what it means is found out anew when the schema has changed.
final class PreparedStatement: Sendable {
  let id: StatementID
  /// The keyspace of its unqualified names.
  let keyspace: String?
  let parsed: ParsedStatement
  /// As it was written.
  let text: String
  /// What it is about, as it was when the statement was prepared.
  let tables: StatementTables
  private let firstMetadataID: Mutex<[UInt8]?>

  /// Whether the result's columns are those that the statement was first prepared with.
  ///
  /// When they are not, clients before v5 may know others, and have to be told with each result.
  func hasFirstColumns(_ metadataID: [UInt8]) -> Bool {
    firstMetadataID.withLock { first in
      if first == nil { first = metadataID }
      return first == metadataID
    }
  }

  /// About how many bytes it takes without its columns, with its plan on one loop: a marker has a specification with texts
  /// of its own, and a tree takes a multiple of what was written.
  private let ownCost: Int

  /// `earlier` is the same statement as it was prepared before its tables were changed: who has prepared it then may know
  /// other columns.
  init(
    id: StatementID, keyspace: String?, parsed: ParsedStatement, text: String, schema: Schema,
    instead earlier: PreparedStatement? = nil
  ) {
    tables = StatementTables(of: parsed.statement, in: keyspace, schema)
    firstMetadataID = Mutex(earlier.flatMap { $0.firstMetadataID.withLock { $0 } })
    ownCost = 2_048 + 16 * text.utf8.count + 256 * parsed.markers.count
    self.text = text
    self.id = id
    self.keyspace = keyspace
    self.parsed = parsed
  }

  /// About how many bytes it takes with its plan on one loop, which has the columns as each version writes them.
  func cost(withColumns bytes: Int) -> Int { ownCost + 2 * bytes }
}

/// The statements that were prepared on any loop: bounded, of which the one used longest ago goes first.
///
/// Executors ask it only for statements that they do not have in their own caches.
final class PreparedStatements: Sendable {
  private struct Entry {
    var statement: PreparedStatement
    var cost: Int
    var use: UInt64
  }

  private struct Entries {
    var statements: [StatementID: Entry] = [:]
    var uses: UInt64 = 0
    var cost = 0
  }

  private let limit: Int
  private let costLimit: Int
  private let entries = Mutex(Entries())

  /// At most so many statements, and bytes that they take.
  init(limit: Int, bytes: Int) {
    self.limit = max(1, limit)
    costLimit = bytes
  }

  func find(_ id: StatementID) -> PreparedStatement? {
    entries.withLock { entries in
      guard let found = entries.statements[id] else { return nil }
      entries.uses += 1
      entries.statements[id]?.use = entries.uses
      return found.statement
    }
  }

  /// All of them, in no order.
  var all: [PreparedStatement] { entries.withLock { $0.statements.values.map(\.statement) } }

  /// Keeps a statement that takes about `cost` bytes.
  func put(_ statement: PreparedStatement, cost: Int) {
    entries.withLock { entries in
      entries.uses += 1
      let entry = Entry(statement: statement, cost: cost, use: entries.uses)
      let old = entries.statements.updateValue(entry, forKey: statement.id)
      entries.cost += cost - (old?.cost ?? 0)
      guard entries.statements.count > limit || entries.cost > costLimit else { return }
      // A tenth at once, so that looking for the oldest is rare. The one that has just come stays in any case.
      let newestFirst = entries.statements.values.sorted { $0.use > $1.use }
      var kept: [StatementID: Entry] = [:]
      var cost = 0
      for entry in newestFirst.prefix(limit - limit / 10) {
        guard kept.isEmpty || cost + entry.cost <= costLimit - costLimit / 10 else { break }
        cost += entry.cost
        kept[entry.statement.id] = entry
      }
      entries.statements = kept
      entries.cost = cost
    }
  }
}
