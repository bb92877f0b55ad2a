internal import CCassandraSQLite

/// A connection to an SQLite file, for one thread at a time.
///
/// SQLite's handles are all the same pointer type to Swift; here each has a type of its own.
@safe
final class Database {
  /// How a connection uses the file.
  enum Mode {
    /// Reads and writes, and makes the file when it is not there.
    case readWrite
    case readOnly
  }

  private let handle: OpaquePointer
  /// Pages in the write-ahead log after the last commit of this connection.
  private let logPages: UnsafeMutablePointer<Int32>

  /// Opens the file.
  init(path: String, mode: Mode, fileSystemName: String?) throws(StorageError) {
    var opened: OpaquePointer?
    let access = mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let result = unsafe sqlite3_open_v2(path, &opened, flags, fileSystemName)
    guard result == SQLITE_OK, let connection = unsafe opened else {
      let detail = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "no memory"
      unsafe sqlite3_close_v2(opened)
      throw StorageError(sqlite: result, detail: detail)
    }
    unsafe handle = connection
    unsafe logPages = .allocate(capacity: 1)
    unsafe logPages.pointee = 0
    unsafe csqlite_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
    // Replaces the automatic checkpoint after 1,000 pages, which would come inside of a commit.
    unsafe sqlite3_wal_hook(
      handle,
      { count, _, _, pages in
        unsafe count?.assumingMemoryBound(to: Int32.self).pointee = pages
        return SQLITE_OK
      }, logPages)
  }

  deinit {
    unsafe sqlite3_close_v2(handle)
    unsafe logPages.deallocate()
  }

  /// Bytes of the write-ahead log are this many pages.
  var pagesInLog: Int { unsafe Int(logPages.pointee) }

  /// Whether no transaction is open: SQLite ends one by itself after some failures.
  var isInAutocommit: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

  /// Bytes at the end of each page that are not SQLite's; setting them counts for a new file only.
  func reserve(bytes: Int) -> Int {
    var value = Int32(bytes)
    unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &value)
    return Int(value)
  }

  /// The number of the row that was inserted last.
  var lastRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

  /// Runs statements that return nothing of interest.
  func execute(_ statements: String) throws(StorageError) {
    let result = unsafe sqlite3_exec(handle, statements, nil, nil, nil)
    if result != SQLITE_OK { throw failure(result) }
  }

  /// Prepares one statement, to be kept.
  func prepare(_ text: String) throws(StorageError) -> Statement {
    var prepared: OpaquePointer?
    let result = unsafe sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    guard result == SQLITE_OK, let statement = unsafe prepared else { throw failure(result) }
    return unsafe Statement(statement, of: self)
  }

  /// The first column of a query's first row; 0 when it has none.
  func integer(_ query: String) throws(StorageError) -> Int64 {
    let statement = try prepare(query)
    return try statement.step() ? statement.integer(0) : 0
  }

  /// How a checkpoint treats readers.
  enum Checkpoint {
    /// Copies what can be copied without waiting.
    case passive
    /// Waits for readers, at most `waitMilliseconds`, so that the log begins anew.
    case restart(waitMilliseconds: Int32)
  }

  /// Copies the log into the database; answers whether all of it is there now.
  @discardableResult
  func checkpoint(_ kind: Checkpoint) throws(StorageError) -> Bool {
    var result: Int32
    var pages: Int32 = 0
    var copied: Int32 = -1
    switch kind {
    case .passive:
      result = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied)
    case .restart(let waitMilliseconds):
      unsafe sqlite3_busy_timeout(handle, waitMilliseconds)
      result = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_RESTART, &pages, &copied)
      unsafe sqlite3_busy_timeout(handle, 0)
    }
    // Busy: a reader was in the way, and the next checkpoint goes on.
    if result != SQLITE_OK && result & 0xff != SQLITE_BUSY { throw failure(result) }
    return result == SQLITE_OK && pages == copied
  }

  /// The error for a result that is not SQLITE_OK.
  func failure(_ result: Int32) -> StorageError {
    unsafe StorageError(sqlite: result, detail: String(cString: sqlite3_errmsg(handle)))
  }
}

extension StorageError {
  /// The error for an (extended) result code of SQLite.
  init(sqlite result: Int32, detail: String) {
    let code: Code
    switch result & 0xff {
    case SQLITE_FULL: code = .diskFull
    case SQLITE_IOERR where result == csqlite_ioerr_data: code = .corrupt
    case SQLITE_CORRUPT, SQLITE_NOTADB: code = .corrupt
    case SQLITE_TOOBIG: code = .recordTooLarge
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH: code = .cannotOpen
    case SQLITE_BUSY, SQLITE_LOCKED: code = .inUse
    default: code = .inputOutput
    }
    let words = result == csqlite_ioerr_data ? "a page does not match its checksum" : detail
    self.init(code, detail: "SQLite \(result): \(words)")
    switch result {
    case csqlite_ioerr_fsync, csqlite_ioerr_dir_fsync: isFailedSync = true
    default: break
    }
  }
}
