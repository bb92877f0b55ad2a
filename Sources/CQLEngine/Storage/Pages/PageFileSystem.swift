internal import CSQLite
internal import Synchronization

/// A file system for SQLite over another: the pages of the database's file have checksums, and locks and the log's index
/// are in memory (``SharedFile``). Logs and journals are the other's alone.
enum PageFileSystem {
  private static let registered = Mutex<Set<String>>([])

  /// The name to open a database with, over the file system of that name (nil: the system's).
  static func name(over base: String?) throws(StorageError) -> String {
    let name = "cql-pages-over-\(base ?? "")"
    let isThere = registered.withLock { registered in
      if !registered.contains(name) && register(name, over: base) { registered.insert(name) }
      return registered.contains(name)
    }
    guard isThere else { throw StorageError(.cannotOpen, detail: "there is no file system \(base ?? "")") }
    return name
  }

  private static func register(_ name: String, over base: String?) -> Bool {
    guard let system = unsafe sqlite3_vfs_find(base) else { return false }
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    unsafe vfs.initialize(to: system.pointee)
    unsafe vfs.pointee.pNext = nil
    // Neither is ever freed: SQLite may use them as long as the process lives, and there is one for each base.
    var bytes = Array(name.utf8CString)
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    unsafe text.initialize(from: &bytes, count: bytes.count)
    unsafe vfs.pointee.zName = UnsafePointer(text)
    unsafe vfs.pointee.szOsFile = Int32(PageFile.headerBytes) + system.pointee.szOsFile
    unsafe vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
      guard let vfs = unsafe vfs, let file = unsafe file, let base = unsafe PageFileSystem.base(of: vfs) else {
        return SQLITE_CANTOPEN
      }
      guard flags & SQLITE_OPEN_MAIN_DB != 0, let path = unsafe path else {
        return unsafe base.pointee.xOpen(base, path, file, flags, outFlags)
      }
      return unsafe PageFile.open(base, path, file, flags, outFlags)
    }
    return unsafe sqlite3_vfs_register(vfs, 0) == SQLITE_OK
  }

  /// The file system below one of ours: by its name, because `pAppData` stays the base's own.
  private static func base(of vfs: UnsafeMutablePointer<sqlite3_vfs>) -> UnsafeMutablePointer<sqlite3_vfs>? {
    let name = unsafe String(cString: vfs.pointee.zName)
    let base = name.dropFirst("cql-pages-over-".count)
    return unsafe sqlite3_vfs_find(base.isEmpty ? nil : String(base))
  }
}
