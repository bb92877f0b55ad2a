#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The directory of a store, held by a lock that ends with the process.
struct StoreDirectory {
  /// The directory's path.
  let path: String
  /// Whether it is removed at the end.
  let isTemporary: Bool
  private let lock: Int32
  /// The descriptor that holds SQLite's own locks; -1 when it is not open.
  private var lockBytes: Int32 = -1

  /// The database's file.
  var file: String { path + "/node.db" }

  private static let lockName = "/lock"
  private static let temporaryPrefix = "cql-node-temporary-"

  /// Makes and locks the directory.
  init(_ location: StoreConfiguration.Location) throws(StorageError) {
    switch location {
    case .directory(let path):
      self.path = path
      isTemporary = false
      try Self.make(path)
      guard let lock = try Self.lock(path) else {
        throw StorageError(.inUse, detail: "another process holds the directory \(path)")
      }
      self.lock = lock
      try Self.makePrivate(path)
    case .temporary:
      let root = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
      Self.removeAbandoned(in: root)
      (path, lock) = try Self.makeTemporary(in: root)
      isTemporary = true
    case .temporaryCopy(let copy):
      self = try StoreDirectory(.temporary)
      do throws(StorageError) { try Self.copy(copy, to: file) } catch {
        close()
        throw error
      }
    }
  }

  private static func copy(_ source: String, to target: String) throws(StorageError) {
    let input = unsafe open(source, O_RDONLY | O_CLOEXEC)
    let output = unsafe open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    defer {
      for descriptor in [input, output] where descriptor >= 0 { closeDescriptor(descriptor) }
    }
    guard input >= 0, output >= 0 else {
      throw StorageError(.cannotOpen, detail: "copying \(source): \(systemMessage())")
    }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe read(input, &piece, piece.count)
      guard count >= 0 else { throw StorageError(.inputOutput, detail: "copying \(source): \(systemMessage())") }
      if count == 0 { return }
      var written = 0
      while written < count {
        let result = unsafe piece.withUnsafeBytes {
          unsafe write(output, $0.baseAddress?.advanced(by: written), count - written)
        }
        guard result > 0 else { throw StorageError(.inputOutput, detail: "copying \(source): \(systemMessage())") }
        written += result
      }
    }
  }

  /// Writes the directory's entries to the disk, so that a new file is found after a loss of power.
  func synchronize() throws(StorageError) {
    let directory = unsafe open(path, O_RDONLY)
    guard directory >= 0, fsync(directory) == 0 else {
      throw StorageError(.inputOutput, detail: "syncing \(path): \(systemMessage())")
    }
    closeDescriptor(directory)
  }

  /// Refuses the file to programs that know nothing of the directory's lock, such as SQLite's shell: they could not see
  /// the locks of ``SharedFile``, and would write into the file beside it. Held until the process or the store ends.
  mutating func keepOthersOut() throws(StorageError) {
    #if os(Linux)
      // The bytes that SQLite locks, held by an open file and not by the process, so that they stay locked when another
      // descriptor of the file is closed.
      lockBytes = unsafe open(file, O_RDWR | O_CLOEXEC)
      guard lockBytes >= 0 else { throw StorageError(.cannotOpen, detail: "opening \(file): \(systemMessage())") }
      guard setLockBytes(F_WRLCK) else {
        throw StorageError(.inUse, detail: "another program has \(file) open: \(systemMessage())")
      }
    #endif
  }

  /// Lets go of the directory, and removes it when it is temporary.
  func close() {
    if isTemporary { Self.remove(path) }
    // Closing alone would leave the lock to a child process that has not yet come to its `exec`.
    _ = flock(lock, LOCK_UN)
    closeDescriptor(lock)
    #if os(Linux)
      if lockBytes >= 0 {
        _ = setLockBytes(F_UNLCK)
        closeDescriptor(lockBytes)
      }
    #endif
  }

  #if os(Linux)
    private func setLockBytes(_ kind: Int32) -> Bool {
      /// `F_OFD_SETLK`, which Swift's module of the C library leaves out.
      let setOpenFileLock: Int32 = 37
      var bytes = Glibc.flock()
      bytes.l_type = Int16(kind)
      bytes.l_whence = Int16(SEEK_SET)
      bytes.l_start = 0x4000_0000
      bytes.l_len = 512
      return unsafe fcntl(lockBytes, setOpenFileLock, &bytes) == 0
    }
  #endif

  /// Makes the database's file, when there is none, and lets nobody else read what is there.
  ///
  /// SQLite would make it by the process's mask, readable for all in most, and its log with the same mode.
  private static func makePrivate(_ path: String) throws(StorageError) {
    for name in ["/node.db", "/node.db-wal"] {
      let isDatabase = name == "/node.db"
      let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isDatabase ? O_CREAT : 0)
      let file = openFile(path + name, flags, 0o600)
      guard file >= 0 else {
        if errno == ENOENT && !isDatabase { continue }
        throw StorageError(.cannotOpen, detail: "opening \(path)\(name): \(systemMessage())")
      }
      defer { closeDescriptor(file) }
      var status = stat()
      guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw StorageError(.cannotOpen, detail: "\(path)\(name) is not a file")
      }
      // Files of another owner keep their mode: they are somebody's choice, and changing it would fail.
      if status.st_uid == geteuid(), status.st_mode & 0o077 != 0 { _ = fchmod(file, 0o600) }
    }
  }

  private static func make(_ path: String) throws(StorageError) {
    // Files of the empty path would be made in the root of the file system.
    guard !path.isEmpty else { throw StorageError(.cannotOpen, detail: "its path is empty") }
    var current = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      current += "\(part)"
      if unsafe mkdir(current, 0o700) != 0 && errno != EEXIST {
        throw StorageError(.cannotOpen, detail: "making \(current): \(systemMessage())")
      }
      current += "/"
    }
  }

  /// The descriptor that holds the lock; nil when someone else does.
  private static func lock(_ path: String) throws(StorageError) -> Int32? {
    let lock = unsafe open(path + lockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0 else { throw StorageError(.cannotOpen, detail: "opening \(path)\(lockName): \(systemMessage())") }
    if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
    let isHeld = errno == EWOULDBLOCK
    let message = systemMessage()
    closeDescriptor(lock)
    if isHeld { return nil }
    throw StorageError(.cannotOpen, detail: "locking \(path): \(message)")
  }

  private static func makeTemporary(in root: String) throws(StorageError) -> (String, Int32) {
    // A store that starts at the same time may take the directory for abandoned before it is locked: then another one.
    for _ in 0..<8 {
      var template = Array("\(root)/\(temporaryPrefix)XXXXXX".utf8CString)
      guard unsafe mkdtemp(&template) != nil else {
        throw StorageError(.cannotOpen, detail: "making a directory in \(root): \(systemMessage())")
      }
      let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if let lock = try? lock(path) {
        if unsafe access(path + lockName, F_OK) == 0 { return (path, lock) }
        closeDescriptor(lock)
      }
    }
    throw StorageError(.cannotOpen, detail: "no temporary directory can be made in \(root)")
  }

  /// Removes the temporary directories of processes that have died: ours, with a lock that nobody holds.
  private static func removeAbandoned(in root: String) {
    for name in entries(of: root) where name.hasPrefix(temporaryPrefix) {
      let path = "\(root)/\(name)"
      var status = stat()
      guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
        unsafe access(path + lockName, F_OK) == 0, let lock = try? lock(path)
      else { continue }
      remove(path)
      closeDescriptor(lock)
    }
  }

  /// Removes a store's directory with its files; it has no directories in it.
  private static func remove(_ path: String) {
    for name in entries(of: path) { unsafe unlink("\(path)/\(name)") }
    unsafe rmdir(path)
  }

  private static func entries(of path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
