/// The prepared statements of one loop, found without a lock: the one that was used longest ago makes room.
///
/// A statement made from literals is found by where in the program they are, in a table with one place for each hash,
/// without building its text. Whatever is not there is looked for by its text.
struct PreparedCache {
  private struct Entry {
    var statement: PreparedStatement
    var previous: Int
    var next: Int
    /// Grows when another statement takes the place, so that no way to the one before is taken.
    var generation: UInt32 = 0
  }

  private struct Shortcut {
    var identity = Literals.Identity()
    var entry = -1
    var generation: UInt32 = 0
  }

  private let capacity: Int
  private var entries: [Entry] = []
  private var byKey: [StatementKey: Int] = [:]
  private var shortcuts: [Shortcut]
  private let mask: UInt
  // A ring: the most recently used entry is `newest`, and the one before it is the oldest.
  private var newest = -1

  /// One with nothing in it, to stand in the place of another without an allocation.
  static let placeholder = PreparedCache(capacity: 1)

  /// A cache of at most `capacity` statements.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
    var places: UInt = 64
    while places < UInt(self.capacity) * 2 && places < 1 << 16 { places *= 2 }
    shortcuts = Array(repeating: Shortcut(), count: Int(places))
    mask = places - 1
  }

  var count: Int { byKey.count }

  /// The statement for these literals, unless it is outdated.
  @inline(__always)
  mutating func find(_ identity: Literals.Identity?) -> PreparedStatement? {
    guard let identity else { return nil }
    let shortcut = shortcuts[Int(identity.first & mask)]
    guard shortcut.entry >= 0, shortcut.identity == identity,
      shortcut.generation == entries[shortcut.entry].generation
    else { return nil }
    if shortcut.entry != newest { touch(shortcut.entry) }
    let statement = entries[shortcut.entry].statement
    return statement.isOutdated ? nil : statement
  }

  /// The statement with this key; it is found by its literals next time.
  mutating func find(_ key: StatementKey, from identity: Literals.Identity?) -> PreparedStatement? {
    guard let index = byKey[key], !entries[index].statement.isOutdated else { return nil }
    touch(index)
    addShortcut(identity, to: index)
    return entries[index].statement
  }

  /// Keeps a statement, in place of one with the same key, or of the one that was used longest ago.
  mutating func insert(_ prepared: PreparedStatement, from identity: Literals.Identity? = nil) {
    let index: Int
    if let known = byKey[prepared.key] {
      index = known
      entries[index].statement = prepared
      touch(index)
    } else if entries.count < capacity {
      index = entries.count
      entries.append(Entry(statement: prepared, previous: index, next: index))
      link(index)
    } else {
      index = entries[newest].previous
      byKey[entries[index].statement.key] = nil
      entries[index].generation &+= 1
      entries[index].statement = prepared
      newest = index
    }
    byKey[prepared.key] = index
    addShortcut(identity, to: index)
  }

  private mutating func addShortcut(_ identity: Literals.Identity?, to entry: Int) {
    guard let identity else { return }
    shortcuts[Int(identity.first & mask)] = Shortcut(
      identity: identity, entry: entry, generation: entries[entry].generation)
  }

  private mutating func touch(_ index: Int) {
    guard index != newest else { return }
    let (previous, next) = (entries[index].previous, entries[index].next)
    entries[previous].next = next
    entries[next].previous = previous
    link(index)
  }

  private mutating func link(_ index: Int) {
    if newest >= 0 {
      let oldest = entries[newest].previous
      entries[index].previous = oldest
      entries[index].next = newest
      entries[oldest].next = index
      entries[newest].previous = index
    }
    newest = index
  }
}
