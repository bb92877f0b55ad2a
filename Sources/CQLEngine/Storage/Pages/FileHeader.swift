internal import CCassandraSQLite

/// How a file of ours stands before the file of the file system below, in the memory that SQLite gives for it: our methods
/// (8 bytes), a reference to the connection's state (8), then the file below.
enum FileHeader {
  static let bytes = 16

  /// The file below.
  @unsafe @inline(__always)
  static func inner(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<sqlite3_file> {
    unsafe (UnsafeMutableRawPointer(file) + bytes).assumingMemoryBound(to: sqlite3_file.self)
  }

  /// Keeps the state for the file, until ``reference(_:as:)`` is released.
  @unsafe
  static func set(_ connection: AnyObject, of file: UnsafeMutablePointer<sqlite3_file>) {
    unsafe UnsafeMutableRawPointer(file).storeBytes(
      of: Unmanaged.passRetained(connection).toOpaque(), toByteOffset: 8, as: UnsafeMutableRawPointer.self)
  }

  /// The state.
  @unsafe @inline(__always)
  static func reference<Connection: AnyObject>(
    _ file: UnsafeMutablePointer<sqlite3_file>, as type: Connection.Type
  ) -> Unmanaged<Connection> {
    unsafe .fromOpaque(UnsafeMutableRawPointer(file).load(fromByteOffset: 8, as: UnsafeMutableRawPointer.self))
  }

  /// Gives the state, the file below and its methods to `body`.
  @unsafe @inline(__always)
  static func with<Connection: AnyObject>(
    _ file: UnsafeMutablePointer<sqlite3_file>?, as type: Connection.Type,
    _ body: (Connection, UnsafeMutablePointer<sqlite3_file>, UnsafePointer<sqlite3_io_methods>) -> Int32
  ) -> Int32 {
    guard let file = unsafe file else { return SQLITE_MISUSE }
    let below = unsafe inner(file)
    guard let methods = unsafe below.pointee.pMethods else { return SQLITE_MISUSE }
    return unsafe reference(file, as: type)._withUnsafeGuaranteedRef { connection in
      unsafe body(connection, below, methods)
    }
  }
}
