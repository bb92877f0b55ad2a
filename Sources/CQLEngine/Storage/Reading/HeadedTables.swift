internal import Synchronization

/// Which tables have ever had a partition's head, so that a read of a row in the others need not look for one.
///
/// The writer adds a table before it commits the first head. A reader asks after its statement has begun to read: when
/// that sees the head's commit, the table is here.
final class HeadedTables: Sendable {
  private let version = Atomic<Int>(0)
  private let tables: Mutex<Set<UInt32>>
  /// Set when the store is closed: from then on another process may have the file, with locks that are not seen here.
  let isClosed = Atomic<Bool>(false)

  init(_ tables: Set<UInt32>) { self.tables = Mutex(tables) }

  /// Whether the table is not yet in; adds it.
  func insert(_ table: TableNumber) {
    let isNew = tables.withLock { $0.insert(table.rawValue).inserted }
    if isNew { version.add(1, ordering: .releasing) }
  }

  /// One reader's copy, read without a lock while nothing is added.
  struct Copy {
    private var version = -1
    private var table: UInt32 = 0
    private var answer = false
    private var hasAnswer = false

    @inline(__always)
    mutating func contains(_ number: TableNumber, in shared: HeadedTables) -> Bool {
      let current = shared.version.load(ordering: .acquiring)
      if current == version && hasAnswer && table == number.rawValue { return answer }
      return look(number, current, shared)
    }

    private mutating func look(_ number: TableNumber, _ current: Int, _ shared: HeadedTables) -> Bool {
      answer = shared.tables.withLock { $0.contains(number.rawValue) }
      (version, table, hasAnswer) = (current, number.rawValue, true)
      return answer
    }
  }
}
