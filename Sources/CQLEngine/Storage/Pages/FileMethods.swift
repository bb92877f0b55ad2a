internal import CCassandraSQLite

/// What a connection has of a file of ours.
@safe
class FileState {
  /// Brings to the file below what is kept of it, before anything that looks at that file.
  @unsafe
  func settle(
    _ below: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>
  ) -> Int32 { SQLITE_OK }
}

/// The methods that files of ours have in common: they hand everything on to the file below.
enum FileMethods {
  /// A table with those, to put others into.
  static func handingOn(version: Int32) -> sqlite3_io_methods {
    var methods = sqlite3_io_methods()
    methods.iVersion = version
    setReading(&methods)
    setWriting(&methods)
    return methods
  }

  /// Keeps a table for ever.
  @unsafe
  static func keep(_ methods: sqlite3_io_methods) -> UnsafePointer<sqlite3_io_methods> {
    let pointer = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    unsafe pointer.initialize(to: methods)
    return unsafe UnsafePointer(pointer)
  }

  /// Opens the file below and puts `methods` before it.
  @unsafe
  static func open(
    _ base: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>?,
    _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?,
    _ methods: UnsafePointer<sqlite3_io_methods>, _ state: () -> FileState
  ) -> Int32 {
    unsafe file.pointee.pMethods = nil
    let result = unsafe base.pointee.xOpen(base, path, FileHeader.inner(file), flags, outFlags)
    guard result == SQLITE_OK else { return result }
    unsafe FileHeader.set(state(), of: file)
    unsafe file.pointee.pMethods = methods
    return SQLITE_OK
  }

  private static func setReading(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xRead = { file, into, count, offset in
      unsafe withSettled(file) { below, methods in unsafe methods.pointee.xRead(below, into, count, offset) }
    }
    unsafe methods.xFileSize = { file, size in
      unsafe withSettled(file) { below, methods in unsafe methods.pointee.xFileSize(below, size) }
    }
    unsafe methods.xFileControl = { file, operation, argument in
      unsafe withSettled(file) { below, methods in
        unsafe methods.pointee.xFileControl(below, operation, argument)
      }
    }
    unsafe methods.xSectorSize = { file in
      unsafe FileHeader.with(file, as: FileState.self) { _, below, methods in
        unsafe methods.pointee.xSectorSize(below)
      }
    }
    unsafe methods.xDeviceCharacteristics = { file in
      unsafe FileHeader.with(file, as: FileState.self) { _, below, methods in
        unsafe methods.pointee.xDeviceCharacteristics(below)
      }
    }
  }

  private static func setWriting(_ methods: inout sqlite3_io_methods) {
    unsafe methods.xWrite = { file, from, count, offset in
      unsafe withSettled(file) { below, methods in unsafe methods.pointee.xWrite(below, from, count, offset) }
    }
    unsafe methods.xTruncate = { file, size in
      unsafe withSettled(file) { below, methods in unsafe methods.pointee.xTruncate(below, size) }
    }
    unsafe methods.xSync = { file, flags in
      unsafe withSettled(file) { below, methods in unsafe methods.pointee.xSync(below, flags) }
    }
    unsafe methods.xClose = { file in
      guard let file = unsafe file else { return SQLITE_MISUSE }
      // What is still kept belongs to a transaction that was not committed.
      let below = unsafe FileHeader.inner(file)
      let result = unsafe below.pointee.pMethods?.pointee.xClose(below) ?? SQLITE_OK
      unsafe FileHeader.reference(file, as: FileState.self).release()
      return result
    }
  }
}

// A function of the file and not of the type: a method would capture the type, which a C function cannot.

/// Gives the file below and its methods to `body`, once everything that is kept of it is there.
@inline(__always)
private func withSettled(
  _ file: UnsafeMutablePointer<sqlite3_file>?,
  _ body: (UnsafeMutablePointer<sqlite3_file>, UnsafePointer<sqlite3_io_methods>) -> Int32
) -> Int32 {
  unsafe FileHeader.with(file, as: FileState.self) { state, below, methods in
    let result = unsafe state.settle(below, methods)
    return result == SQLITE_OK ? unsafe body(below, methods) : result
  }
}
