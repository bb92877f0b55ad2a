internal import CCassandraSQLite

/// One connection's file of a database.
enum PageFile {
  /// What a connection has of the file.
  @safe
  final class Connection: FileState {
    let path: String
    let shared: SharedFile
    var level = SQLITE_LOCK_NONE
    var locks = LogLocks()
    var hasLogIndex = false
    /// A page on its way to the file, with its checksum; SQLite's own must not be changed.
    let page = UnsafeMutableRawPointer.allocate(byteCount: StoreFormat.pageBytes, alignment: 64)

    init(_ path: String) {
      self.path = path
      shared = SharedFile.join(path)
    }

    deinit {
      leaveLogIndex()
      shared.unlock(ObjectIdentifier(self), from: level, to: SQLITE_LOCK_NONE)
      SharedFile.leave(path)
      unsafe page.deallocate()
    }

    func joinLogIndex() {
      if !hasLogIndex { shared.joinLogIndex() }
      hasLogIndex = true
    }

    func leaveLogIndex() {
      shared.unlock(0..<Int(SQLITE_SHM_NLOCK), &locks)
      if hasLogIndex { shared.leaveLogIndex() }
      hasLogIndex = false
    }
  }

  /// Opens the file below and puts our methods before it.
  @unsafe
  static func open(
    _ base: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>, _ file: UnsafeMutablePointer<sqlite3_file>,
    _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    unsafe FileMethods.open(base, path, file, flags, outFlags, methods) { unsafe Connection(String(cString: path)) }
  }

  /// Written once, when the first file is opened, and only read from then on.
  nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
    // Version 2: with the log's index, without memory that is mapped, which would go past the checksums.
    var methods = FileMethods.handingOn(version: 2)
    setPageMethods(&methods)
    setLockMethods(&methods)
    setLogMethods(&methods)
    return unsafe FileMethods.keep(methods)
  }()

  private static func setPageMethods(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xRead = { file, into, count, offset in
      unsafe with(file) { _, below, methods in
        let result = unsafe methods.pointee.xRead(below, into, count, offset)
        guard isPage(count, offset), let into = unsafe into else { return result }
        // Behind the end of the file SQLite takes what is missing for zeros, which is right for a page that was never
        // written, and not for one of which a part is there.
        if result == csqlite_ioerr_short_read, unsafe hasPart(below, methods, from: offset) {
          return csqlite_ioerr_data
        }
        guard result == SQLITE_OK else { return result }
        let isRight = unsafe PageChecksum.isRight(into, count: Int(count), number: pageNumber(offset))
        return isRight ? SQLITE_OK : csqlite_ioerr_data
      }
    }
    unsafe methods.xWrite = { file, from, count, offset in
      unsafe with(file) { connection, below, methods in
        guard isPage(count, offset), let from = unsafe from else {
          return unsafe methods.pointee.xWrite(below, from, count, offset)
        }
        unsafe connection.page.copyMemory(from: from, byteCount: Int(count))
        unsafe PageChecksum.set(connection.page, count: Int(count), number: pageNumber(offset))
        return unsafe methods.pointee.xWrite(below, connection.page, count, offset)
      }
    }
  }

  private static func setLockMethods(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xLock = { file, level in
      unsafe with(file) { connection, _, _ in
        let id = ObjectIdentifier(connection)
        guard connection.shared.lock(id, from: connection.level, to: level) else { return SQLITE_BUSY }
        connection.level = max(connection.level, level)
        return SQLITE_OK
      }
    }
    unsafe methods.xUnlock = { file, level in
      unsafe with(file) { connection, _, _ in
        connection.shared.unlock(ObjectIdentifier(connection), from: connection.level, to: level)
        connection.level = min(connection.level, level)
        return SQLITE_OK
      }
    }
    unsafe methods.xCheckReservedLock = { file, out in
      unsafe with(file) { connection, _, _ in
        unsafe out?.pointee = connection.shared.isReserved ? 1 : 0
        return SQLITE_OK
      }
    }
  }

  private static func setLogMethods(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xShmMap = { file, number, bytes, extends, out in
      unsafe with(file) { connection, _, _ in
        connection.joinLogIndex()
        unsafe out?.pointee = connection.shared.region(Int(number), bytes: Int(bytes), extends: extends != 0)
        return SQLITE_OK
      }
    }
    unsafe methods.xShmLock = { file, first, count, flags in
      unsafe with(file) { connection, _, _ in
        let slots = Int(first)..<Int(first + count)
        if flags & SQLITE_SHM_UNLOCK != 0 {
          connection.shared.unlock(slots, &connection.locks)
          return SQLITE_OK
        }
        let isLocked =
          flags & SQLITE_SHM_SHARED != 0
          ? connection.shared.lockShared(slots.lowerBound, &connection.locks)
          : connection.shared.lockExclusive(slots, &connection.locks)
        return isLocked ? SQLITE_OK : SQLITE_BUSY
      }
    }
    unsafe methods.xShmBarrier = { file in
      _ = unsafe with(file) { connection, _, _ in
        connection.shared.barrier()
        return SQLITE_OK
      }
    }
    unsafe methods.xShmUnmap = { file, _ in
      unsafe with(file) { connection, _, _ in
        connection.leaveLogIndex()
        return SQLITE_OK
      }
    }
  }
}

// Functions of the file and not of the type: a method would capture the type, which a C function cannot.

/// Gives the connection, the file below and its methods to `body`.
@inline(__always)
private func with(
  _ file: UnsafeMutablePointer<sqlite3_file>?,
  _ body: (PageFile.Connection, UnsafeMutablePointer<sqlite3_file>, UnsafePointer<sqlite3_io_methods>) -> Int32
) -> Int32 {
  unsafe FileHeader.with(file, as: PageFile.Connection.self, body)
}

private func isPage(_ count: Int32, _ offset: Int64) -> Bool {
  Int(count) == StoreFormat.pageBytes && offset % Int64(StoreFormat.pageBytes) == 0
}

/// Whether the file ends behind `offset`.
private func hasPart(
  _ below: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>, from offset: Int64
) -> Bool {
  var size: Int64 = 0
  return unsafe methods.pointee.xFileSize(below, &size) == SQLITE_OK && size > offset
}

private func pageNumber(_ offset: Int64) -> Int { Int(offset / Int64(StoreFormat.pageBytes)) + 1 }
