internal import CassandraBytes
internal import CCassandraSQLite
internal import Synchronization

/// A file system for SQLite over another: the pages of the database's file have checksums, and locks and the log's index
/// are in memory (``SharedFile``). Logs that are synced are written in large pieces (``LogFile``); other files are the
/// other's alone.
enum PageFileSystem {
  private static let registered = Mutex<Set<String>>([])

  /// How the names begin, before that of the file system below; the second syncs its logs at each commit.
  private static let prefix = "cql-pages-over-"
  private static let syncedPrefix = "cql-synced-pages-over-"

  /// The name to open a database with, over the file system of that name (nil: the system's).
  ///
  /// `isSynced`: the log is synced at each commit, before the commit is told to readers (`synchronous=FULL`).
  static func name(over base: String?, isSynced: Bool) throws(StorageError) -> String {
    let name = "\(isSynced ? syncedPrefix : prefix)\(base ?? "")"
    let isThere = registered.withLock { registered in
      if !registered.contains(name) && register(name, over: base) { registered.insert(name) }
      return registered.contains(name)
    }
    guard isThere else { throw StorageError(.cannotOpen, logDetail: "there is no file system \(base ?? "")") }
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
    unsafe vfs.pointee.szOsFile = Int32(FileHeader.bytes) + system.pointee.szOsFile
    unsafe vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
      guard let vfs = unsafe vfs, let file = unsafe file, let base = unsafe PageFileSystem.base(of: vfs) else {
        return SQLITE_CANTOPEN
      }
      if flags & SQLITE_OPEN_WAL != 0, unsafe PageFileSystem.isSynced(vfs) {
        return unsafe LogFile.open(base, path, file, flags, outFlags)
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
    let base = unsafe name.dropFirst((isSynced(vfs) ? syncedPrefix : prefix).count)
    return unsafe sqlite3_vfs_find(base.isEmpty ? nil : String(base))
  }

  /// Whether the logs are synced at each commit.
  private static func isSynced(_ vfs: UnsafeMutablePointer<sqlite3_vfs>) -> Bool {
    unsafe String(cString: vfs.pointee.zName).hasPrefix(bytesOf: syncedPrefix)
  }
}
