/// The file's own format: its tables, and how a file is known as one.
///
/// Records are in a table without row ids, in the order of their keys, because what a partition has is then in neighbouring
/// pages: a row of 60 bytes is scanned in 0.07 µs against 0.26 with row ids, found in 3.9 µs of processor time against
/// 5.4, and takes 109 bytes against 139. That holds up to a quarter of a page; a record of 10 KB would be found in 27 µs
/// against 6 and written in 67 against 26, one of 1 MB in 1,600 against 200, so longer ones have row ids (``LongRecord``).
/// Pages of 4 KiB: of 8 and 16 they scan the same, and each find and each write of a small record costs up to a third
/// more, since a whole page is copied (`storage-bench layout`).
enum StoreFormat {
  /// "CQLn" in SQLite's header, so that a stranger's file is refused and `file` can name ours.
  static let applicationID: Int64 = 0x4351_4c6e
  /// The version of the tables and of the records' bytes.
  static let version: Int64 = 2
  /// Bytes of a page.
  static let pageBytes = 4096
  /// Bytes of key and record that have room within an entry; SQLite moves the end of a longer one to other pages.
  static let inlineBytes = 980

  private static let tables = """
    CREATE TABLE records (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE longs (id INTEGER PRIMARY KEY, v BLOB NOT NULL);
    CREATE TABLE meta (name BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE headed (number INTEGER PRIMARY KEY);
    CREATE TABLE dropped (number INTEGER PRIMARY KEY);
    CREATE TABLE sweeps (
      id INTEGER PRIMARY KEY, number INTEGER NOT NULL, lower BLOB NOT NULL, upper BLOB NOT NULL, head INTEGER NOT NULL,
      through INTEGER);
    CREATE TABLE purges (at INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (at, k)) WITHOUT ROWID;
    CREATE TABLE builds (number INTEGER PRIMARY KEY, position BLOB);
    INSERT INTO state VALUES ('next table', 1);
    """

  /// What makes a file of format 1 one of format 2. Its records stay as they are: in a stub of format 1 the length of the
  /// only part is not known and is asked for (``LongRecord``), and a sweep of format 1 looks into the head.
  private static let toFormat2 = "ALTER TABLE sweeps ADD COLUMN through INTEGER"

  /// Makes the tables of a new file, or checks those of an old one and brings them to the present format.
  static func prepare(_ database: Database, synchronous: Bool) throws(StorageError) {
    var found = version
    let isNew = try database.integer("SELECT count(*) FROM sqlite_schema") == 0
    if isNew {
      guard try database.integer("PRAGMA application_id") == 0 else { throw .foreignFile }
      try database.execute("PRAGMA page_size = \(pageBytes)")
      _ = database.reserve(bytes: PageChecksum.bytes)
    } else {
      guard try database.integer("PRAGMA application_id") == applicationID else { throw .foreignFile }
      found = try database.integer("PRAGMA user_version")
      guard (1...version).contains(found) else {
        throw StorageError(
          .unsupportedVersion, logDetail: "the data has format \(found); this version reads 1 to \(version)")
      }
    }
    try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = \(synchronous ? "FULL" : "OFF")")
    if found == 1 {
      try database.execute("BEGIN IMMEDIATE; \(toFormat2); PRAGMA user_version = \(version); COMMIT")
    }
    guard isNew else { return }
    // One transaction, so that a process that ends here leaves an empty file, which is made anew.
    try database.execute(
      "BEGIN IMMEDIATE; \(tables) PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version); COMMIT")
  }
}
