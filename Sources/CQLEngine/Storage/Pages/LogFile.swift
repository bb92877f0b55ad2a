internal import CCassandraSQLite

/// One connection's file of a write-ahead log that is synced at each commit: what is written in a row goes to the file
/// below in large pieces.
///
/// SQLite writes a frame in two calls, its header and its page, so a group of writes to 256 partitions takes 512 of them,
/// which cost more than their bytes. It syncs the log before it tells readers of the frames, so nobody looks for them in
/// the file before; a failure to write is told at the latest by the sync, as one of the commit. Without syncs this does
/// not hold, so then logs are the other file system's alone.
enum LogFile {
  /// What a connection has of the log.
  @safe
  final class Connection: FileState {
    /// Bytes that are gathered at most: 126 KiB, 31 frames. SQLite's file system takes 131,071 in one call, and of a
    /// larger number only its lower 17 bits.
    private static let capacity = 126 << 10

    private var bytes: UnsafeMutableRawPointer?
    private var start: Int64 = 0
    private var count = 0
    /// Why bytes that were taken did not reach the file, until a write or a sync has told it: SQLite may pass over the
    /// failure of another call, and must not commit then.
    private var failure = SQLITE_OK

    deinit { unsafe bytes?.deallocate() }

    /// Keeps bytes for the file, behind those that are kept; false when they do not belong there, or there is no room.
    @unsafe @inline(__always)
    func append(_ from: UnsafeRawPointer, _ size: Int, at offset: Int64) -> Bool {
      guard failure == SQLITE_OK, size <= Self.capacity - count, count == 0 || offset == start + Int64(count) else {
        return false
      }
      let room: UnsafeMutableRawPointer
      if let bytes = unsafe bytes {
        unsafe room = bytes
      } else {
        unsafe room = .allocate(byteCount: Self.capacity, alignment: 64)
        unsafe bytes = room
      }
      if count == 0 { start = offset }
      unsafe (room + count).copyMemory(from: from, byteCount: size)
      count += size
      return true
    }

    /// Writes what is kept; the failure of that, or of one before that has not been told.
    @unsafe
    override func settle(
      _ below: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>
    ) -> Int32 {
      guard failure == SQLITE_OK, count > 0 else { return failure }
      let size = Int32(count)
      count = 0
      failure = unsafe methods.pointee.xWrite(below, bytes, size, start)
      return failure
    }

    /// The same for a write or a sync, which tell a failure: the transaction that wrote the bytes fails.
    @unsafe
    func settleAndTell(
      _ below: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>
    ) -> Int32 {
      defer { failure = SQLITE_OK }
      return unsafe settle(below, methods)
    }
  }

  /// Opens the log below and puts our methods before it.
  @unsafe
  static func open(
    _ base: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>?,
    _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    unsafe FileMethods.open(base, path, file, flags, outFlags, methods) { Connection() }
  }

  /// Written once, when the first log is opened, and only read from then on.
  nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
    // Version 1: a log is neither locked, nor shared, nor mapped.
    var methods = FileMethods.handingOn(version: 1)
    setGathering(&methods)
    setNoLocks(&methods)
    return unsafe FileMethods.keep(methods)
  }()

  private static func setGathering(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xWrite = { file, from, count, offset in
      unsafe with(file) { log, below, methods in
        guard let from = unsafe from else { return SQLITE_MISUSE }
        if unsafe log.append(from, Int(count), at: offset) { return SQLITE_OK }
        let result = unsafe log.settleAndTell(below, methods)
        guard result == SQLITE_OK else { return result }
        if unsafe log.append(from, Int(count), at: offset) { return SQLITE_OK }
        return unsafe methods.pointee.xWrite(below, from, count, offset)
      }
    }
    unsafe methods.xSync = { file, flags in
      unsafe with(file) { log, below, methods in
        let result = unsafe log.settleAndTell(below, methods)
        return result == SQLITE_OK ? unsafe methods.pointee.xSync(below, flags) : result
      }
    }
  }

  private static func setNoLocks(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xLock = { _, _ in SQLITE_OK }
    unsafe methods.xUnlock = { _, _ in SQLITE_OK }
    unsafe methods.xCheckReservedLock = { _, out in
      unsafe out?.pointee = 0
      return SQLITE_OK
    }
  }
}

// A function of the file and not of the type: a method would capture the type, which a C function cannot.

/// Gives the log, the file below and its methods to `body`.
@inline(__always)
private func with(
  _ file: UnsafeMutablePointer<sqlite3_file>?,
  _ body: (LogFile.Connection, UnsafeMutablePointer<sqlite3_file>, UnsafePointer<sqlite3_io_methods>) -> Int32
) -> Int32 {
  unsafe FileHeader.with(file, as: LogFile.Connection.self, body)
}
