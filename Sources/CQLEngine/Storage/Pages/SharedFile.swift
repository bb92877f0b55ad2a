#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif
internal import CCassandraSQLite
internal import Synchronization

/// What the connections of this process to one database's file share: its locks, and the index of its log.
///
/// SQLite's own file system keeps both where other processes can see them, which costs two system calls a read, more than
/// the read itself. Here no other process may have the file (``StoreDirectory``), so both are in memory.
///
/// Sendable because everything that changes is touched with the mutex held; the log's index is SQLite's, which guards it
/// with these locks.
@safe
final class SharedFile: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  // The file's locks: how many connections read, which has announced a write, and which has the file for itself.
  private var readers = 0
  private var reserving: ObjectIdentifier?
  private var exclusive: ObjectIdentifier?
  /// The locks of the log: how many have one shared, or -1.
  private var logLocks = [Int](repeating: 0, count: Int(SQLITE_SHM_NLOCK))
  private var regions: [UnsafeMutableRawPointer] = unsafe []
  /// How many connections use the log's index.
  private var indexUsers = 0

  init() { unsafe pthread_mutex_init(mutex, nil) }

  deinit {
    while let region = unsafe regions.popLast() { unsafe region.deallocate() }
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  @inline(__always)
  private func withLock<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  /// The files that are open, by path; each goes with its last connection.
  private static let open = Mutex<[String: (file: SharedFile, connections: Int)]>([:])

  /// The shared part of a file for one more connection.
  static func join(_ path: String) -> SharedFile {
    open.withLock { open in
      var entry = open[path] ?? (SharedFile(), 0)
      entry.connections += 1
      open[path] = entry
      return entry.file
    }
  }

  /// One connection less.
  static func leave(_ path: String) {
    open.withLock { open in
      guard var entry = open[path] else { return }
      entry.connections -= 1
      open[path] = entry.connections > 0 ? entry : nil
    }
  }
}

// MARK: - The file's locks

extension SharedFile {
  /// Raises a connection's lock on the file, as SQLite's `xLock` does; false when another is in the way.
  func lock(_ connection: ObjectIdentifier, from current: Int32, to level: Int32) -> Bool {
    withLock {
      guard level > current else { return true }
      if let exclusive, exclusive != connection { return false }
      switch level {
      case SQLITE_LOCK_SHARED:
        readers += 1
        return true
      case SQLITE_LOCK_RESERVED:
        if let reserving, reserving != connection { return false }
        reserving = connection
        return true
      default:
        if let reserving, reserving != connection { return false }
        guard readers == 1 else { return false }
        exclusive = connection
        return true
      }
    }
  }

  /// Lowers a connection's lock on the file.
  func unlock(_ connection: ObjectIdentifier, from current: Int32, to level: Int32) {
    withLock {
      guard level < current else { return }
      if exclusive == connection { exclusive = nil }
      if reserving == connection { reserving = nil }
      if level == SQLITE_LOCK_NONE { readers -= 1 }
    }
  }

  /// Whether a connection has announced a write.
  var isReserved: Bool { withLock { reserving != nil || exclusive != nil } }
}

// MARK: - The log's index and its locks

/// Which of the log's locks a connection has, as bits.
struct LogLocks {
  var shared: UInt32 = 0
  var exclusive: UInt32 = 0
}

extension SharedFile {
  /// One connection more that uses the log's index.
  func joinLogIndex() { withLock { indexUsers += 1 } }

  /// One less. The last takes the index away, as it may have removed the log that it is of.
  func leaveLogIndex() {
    withLock {
      indexUsers -= 1
      guard indexUsers == 0 else { return }
      while let region = unsafe regions.popLast() { unsafe region.deallocate() }
    }
  }

  /// A piece of the log's index, zeroed when it is new; nil when it is not there and is not wanted.
  @unsafe
  func region(_ number: Int, bytes: Int, extends: Bool) -> UnsafeMutableRawPointer? {
    unsafe withLock {
      if unsafe number >= regions.count && !extends { return nil }
      while unsafe regions.count <= number {
        let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        unsafe memset(region, 0, bytes)
        unsafe regions.append(region)
      }
      return unsafe regions[number]
    }
  }

  /// Takes one lock shared with others; false when one has it for itself.
  func lockShared(_ slot: Int, _ held: inout LogLocks) -> Bool {
    let bit: UInt32 = 1 << UInt32(slot)
    return withLock {
      if held.shared & bit != 0 { return true }
      guard logLocks[slot] >= 0 else { return false }
      logLocks[slot] += 1
      held.shared |= bit
      return true
    }
  }

  /// Takes locks for itself, all or none; false when one is taken.
  func lockExclusive(_ slots: Range<Int>, _ held: inout LogLocks) -> Bool {
    withLock {
      for slot in slots where held.exclusive & (1 << UInt32(slot)) == 0 && logLocks[slot] != 0 { return false }
      for slot in slots {
        logLocks[slot] = -1
        held.exclusive |= 1 << UInt32(slot)
      }
      return true
    }
  }

  /// Gives locks back that are held.
  func unlock(_ slots: Range<Int>, _ held: inout LogLocks) {
    withLock {
      for slot in slots {
        let bit: UInt32 = 1 << UInt32(slot)
        if held.exclusive & bit != 0 { logLocks[slot] = 0 }
        if held.shared & bit != 0 { logLocks[slot] -= 1 }
        held.exclusive &= ~bit
        held.shared &= ~bit
      }
    }
  }

  /// What is written before is seen by who reads after.
  func barrier() { withLock {} }
}
