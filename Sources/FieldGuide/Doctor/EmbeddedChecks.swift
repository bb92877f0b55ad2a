internal import Cassandra

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What there is at the place of the embedded database's data.
struct DataDirectoryFacts: Sendable, Equatable {
  /// Bytes that should be free on its disk: 500 MB, some times what the write-ahead log may have.
  static let leastFreeBytes = 500_000_000

  /// Whether there is something, and whether it is a folder.
  var exists = false
  var isFolder = false
  /// Whether this process may read and write in it.
  var isUsable = false
  /// Whether a database's file is in it.
  var hasDatabase = false
  /// Whether a process has it open.
  var isInUse = false
  /// Bytes that this user may still write to the disk it is on; nil when that is not known.
  var freeBytes: Int?

  /// Looks, and makes nothing.
  init(lookingAt path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    exists = true
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    isUsable = access(path, R_OK | W_OK | X_OK) == 0
    hasDatabase = access("\(path)/node.db", F_OK) == 0
    var volume = statvfs()
    if statvfs(path, &volume) == 0 { freeBytes = Int(volume.f_bavail) * Int(volume.f_frsize) }
    // The node holds a lock on this file for as long as it runs; a shared one is had when it does not.
    let lock = open("\(path)/lock", O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { return }
    defer { close(lock) }
    if flock(lock, LOCK_SH | LOCK_NB) == 0 {
      _ = flock(lock, LOCK_UN)
    } else {
      isInUse = errno == EWOULDBLOCK
    }
  }

  init(
    exists: Bool, isFolder: Bool = true, isUsable: Bool = true, hasDatabase: Bool = true, isInUse: Bool = false,
    freeBytes: Int? = nil
  ) {
    self.exists = exists
    self.isFolder = isFolder
    self.isUsable = isUsable
    self.hasDatabase = hasDatabase
    self.isInUse = isInUse
    self.freeBytes = freeBytes
  }

  /// Whether the database can be opened to look at what is in it, which little room on the disk does not prevent.
  var canBeOpened: Bool { exists && isFolder && isUsable && hasDatabase && !isInUse }

  func finding(at path: String) -> Finding {
    guard exists else {
      return .failed("There is no \(path) in this folder.", "Run `fieldguide init`, which creates it.")
    }
    guard isFolder else { return .failed("\(path) is not a folder.", "Move it away, then run `fieldguide init`.") }
    guard isUsable else {
      return .failed("\(path) cannot be read and written.", "Give this user access, or run as its owner.")
    }
    guard hasDatabase else {
      return .failed("\(path) has no database in it.", "Run `fieldguide init`, which creates it.")
    }
    guard !isInUse else {
      return .warning(
        "\(path) is in use: a `fieldguide serve` or another program of this kind is running.",
        "Ask it: GET /health/ready. To check the data here, stop it first.")
    }
    let fine = "\(path) can be read and written, and no program uses it"
    guard let freeBytes else { return .ok(fine) }
    let free = "\(freeBytes / 1_000_000) MB are free on its disk"
    guard freeBytes >= Self.leastFreeBytes else {
      return .warning("\(fine), but only \(free).", "Free some space: the database refuses writes without it.")
    }
    return .ok("\(fine); \(free)")
  }
}

/// The checks of the database in the program.
enum EmbeddedChecks {
  /// What needs the database to run, for when it cannot be started.
  static let labelsOfRunning = ["login", "keyspace", "tables"]

  static func checks(_ settings: Settings, _ probe: Probe) -> [Check] {
    var database = settings.database
    database.keyspace = nil
    let withoutKeyspace = database
    return [
      Check("login") { _ in
        [
          DatabaseFinding.login(
            at: "The embedded database", await probe.login(withoutKeyspace), wantedDatacenter: nil, kind: .embedded,
            usesTLS: false)
        ]
      }
    ] + TableChecks.checks(settings, kind: .embedded, needsOneOf: ["login"], probe)
  }
}
