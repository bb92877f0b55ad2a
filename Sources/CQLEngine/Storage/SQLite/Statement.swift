internal import CCassandraSQLite

/// A prepared statement of a ``Database``: bound, stepped, read and reset.
///
/// What is bound or read by pointer is valid only for a while, which the compiler cannot see: those functions are marked
/// unsafe, and are called only in `Reading` and `Writing` next to the statement's reset.
@safe
final class Statement {
  private let handle: OpaquePointer
  private let database: Database

  @unsafe
  init(_ handle: OpaquePointer, of database: Database) {
    unsafe self.handle = handle
    self.database = database
  }

  deinit { unsafe sqlite3_finalize(handle) }

  /// Binds bytes that stay where they are until the statement is reset; not empty.
  @unsafe @inline(__always)
  func bind(_ index: Int32, inPlace bytes: UnsafeBufferPointer<UInt8>) throws(StorageError) {
    let result = unsafe sqlite3_bind_blob(handle, index, bytes.baseAddress, Int32(bytes.count), nil)
    if result != SQLITE_OK { throw database.failure(result) }
  }

  /// Binds a copy of the bytes.
  func bind(_ index: Int32, _ bytes: [UInt8]) throws(StorageError) {
    let result = unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe csqlite_bind_copy(handle, index, bytes.baseAddress, Int32(bytes.count))
    }
    if result != SQLITE_OK { throw database.failure(result) }
  }

  /// Binds a number.
  func bind(_ index: Int32, _ value: Int64) throws(StorageError) {
    let result = unsafe sqlite3_bind_int64(handle, index, value)
    if result != SQLITE_OK { throw database.failure(result) }
  }

  /// Binds NULL.
  func bindNull(_ index: Int32) throws(StorageError) {
    let result = unsafe sqlite3_bind_null(handle, index)
    if result != SQLITE_OK { throw database.failure(result) }
  }

  /// Goes to the next row; false at the end. After an error the statement has to be reset.
  @inline(__always)
  func step() throws(StorageError) -> Bool {
    let result = unsafe sqlite3_step(handle)
    if result == SQLITE_ROW { return true }
    if result == SQLITE_DONE { return false }
    throw database.failure(result)
  }

  /// Ends the statement, and with it the read transaction when no other statement of the connection is open.
  @inline(__always)
  func reset() { unsafe sqlite3_reset(handle) }

  /// Runs a statement without rows to its end and resets it.
  func run() throws(StorageError) {
    defer { reset() }
    _ = try step()
  }

  /// A column's number.
  func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  /// Whether a column is NULL.
  func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

  /// A column's bytes in SQLite's memory, until the next step or reset.
  @unsafe @inline(__always)
  func bytesInPlace(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
    let start = unsafe sqlite3_column_blob(handle, column)
    return unsafe UnsafeBufferPointer(
      start: start?.assumingMemoryBound(to: UInt8.self), count: Int(sqlite3_column_bytes(handle, column)))
  }

  /// A copy of a column's bytes.
  func bytes(_ column: Int32) -> [UInt8] { unsafe Array(bytesInPlace(column)) }
}
