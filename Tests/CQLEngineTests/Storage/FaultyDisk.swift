import CCassandraSQLite
import Foundation
import Synchronization

/// A file system for SQLite that keeps a journal of what was written and when it was synced, so that a loss of power can
/// be shown at any place of it afterwards; and that fails on request. It hands everything on to the system's.
final class FaultyDisk: Sendable {
  /// Something that happened to a file, by the last part of its path.
  enum Event: Sendable {
    case write(String, offset: Int, [UInt8])
    case truncate(String, size: Int)
    case sync(String)
    case remove(String)
    /// The test has been told that this write is durable.
    case acknowledged(Int)
  }

  struct State {
    var events: [Event] = []
    var failsSyncs = false
    /// Bytes that files may have altogether.
    var space = Int.max
    var sizes: [String: Int] = [:]
    var syncs = 0
  }

  let name: String
  let state = Mutex(State())

  /// Registers a file system of its own.
  init() {
    name = "faulty-\(UInt64.random(in: 0...UInt64.max))"
    let system = sqlite3_vfs_find(nil)!
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    vfs.initialize(to: system.pointee)
    vfs.pointee.pNext = nil
    vfs.pointee.szOsFile = Int32(FaultyFile.headerBytes) + system.pointee.szOsFile
    // Never freed: SQLite may use it as long as the process lives.
    vfs.pointee.zName = UnsafePointer(strdup(name))
    vfs.pointee.pAppData = Unmanaged.passRetained(self).toOpaque()
    vfs.pointee.xOpen = { vfs, path, file, flags, outFlags in
      let disk = Unmanaged<FaultyDisk>.fromOpaque(vfs!.pointee.pAppData).takeUnretainedValue()
      return FaultyFile.open(disk, path, file!, flags, outFlags)
    }
    vfs.pointee.xDelete = { vfs, path, syncsDirectory in
      let disk = Unmanaged<FaultyDisk>.fromOpaque(vfs!.pointee.pAppData).takeUnretainedValue()
      let name = lastPart(path)
      disk.state.withLock {
        $0.events.append(.remove(name))
        $0.sizes[name] = nil
      }
      let system = sqlite3_vfs_find(nil)!
      return system.pointee.xDelete(system, path, syncsDirectory)
    }
    // These are called with the VFS that they are of, and the system's read nothing of ours.
    vfs.pointee.xCurrentTimeInt64 = nil
    vfs.pointee.iVersion = 1
    sqlite3_vfs_register(vfs, 0)
  }

  func acknowledge(_ write: Int) { state.withLock { $0.events.append(.acknowledged(write)) } }

  var events: [Event] { state.withLock { $0.events } }

  func setFailsSyncs(_ fails: Bool) { state.withLock { $0.failsSyncs = fails } }

  /// Leaves room for that many bytes more than the files have.
  func setRoom(_ bytes: Int?) {
    state.withLock { state in state.space = bytes.map { state.sizes.values.reduce(0, +) + $0 } ?? .max }
  }
}

private func lastPart(_ path: UnsafePointer<CChar>?) -> String {
  path.map { String(String(cString: $0).split(separator: "/").last ?? "") } ?? "temporary"
}

/// What stands in the memory that SQLite gives for an open file: our methods, our box, then the system's file.
private struct FaultyFile {
  static let headerBytes = 32

  final class Box {
    let disk: FaultyDisk
    let name: String

    init(_ disk: FaultyDisk, _ name: String) {
      self.disk = disk
      self.name = name
    }
  }

  static func open(
    _ disk: FaultyDisk, _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32,
    _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    let system = sqlite3_vfs_find(nil)!
    file.pointee.pMethods = nil
    let result = system.pointee.xOpen(system, path, inner(file), flags, outFlags)
    guard result == SQLITE_OK else { return result }
    let box = Box(disk, lastPart(path))
    UnsafeMutableRawPointer(file).storeBytes(
      of: Unmanaged.passRetained(box).toOpaque(), toByteOffset: 8, as: UnsafeMutableRawPointer.self)
    file.pointee.pMethods = methods
    return result
  }

  static func inner(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<sqlite3_file> {
    (UnsafeMutableRawPointer(file) + headerBytes).assumingMemoryBound(to: sqlite3_file.self)
  }

  static func box(_ file: UnsafeMutablePointer<sqlite3_file>) -> Unmanaged<Box> {
    .fromOpaque(UnsafeMutableRawPointer(file).load(fromByteOffset: 8, as: UnsafeMutableRawPointer.self))
  }

  static func called(
    _ file: UnsafeMutablePointer<sqlite3_file>?,
    _ body: (Box, UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> Int32
  ) -> Int32 {
    let real = inner(file!)
    return body(box(file!).takeUnretainedValue(), real, real.pointee.pMethods.pointee)
  }

  nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
    var methods = sqlite3_io_methods()
    methods.iVersion = 2
    methods.xClose = { file in
      let real = inner(file!)
      let result = real.pointee.pMethods.pointee.xClose(real)
      box(file!).release()
      return result
    }
    methods.xRead = { file, into, count, offset in
      called(file) { _, real, system in system.xRead(real, into, count, offset) }
    }
    methods.xWrite = { file, from, count, offset in
      called(file) { box, real, system in
        let bytes = [UInt8](UnsafeRawBufferPointer(start: from, count: Int(count)))
        let end = Int(offset) + Int(count)
        let hasRoom = box.disk.state.withLock { state in
          let size = state.sizes[box.name] ?? 0
          if end > size && state.sizes.values.reduce(0, +) + end - size > state.space { return false }
          state.sizes[box.name] = max(size, end)
          state.events.append(.write(box.name, offset: Int(offset), bytes))
          return true
        }
        return hasRoom ? system.xWrite(real, from, count, offset) : SQLITE_FULL
      }
    }
    methods.xTruncate = { file, size in
      called(file) { box, real, system in
        box.disk.state.withLock {
          $0.events.append(.truncate(box.name, size: Int(size)))
          $0.sizes[box.name] = Int(size)
        }
        return system.xTruncate(real, size)
      }
    }
    methods.xSync = { file, flags in
      called(file) { box, real, system in
        let fails = box.disk.state.withLock { state in
          state.syncs += 1
          if !state.failsSyncs { state.events.append(.sync(box.name)) }
          return state.failsSyncs
        }
        return fails ? SQLITE_IOERR | (4 << 8) : system.xSync(real, flags)
      }
    }
    methods.xFileSize = { file, size in called(file) { _, real, system in system.xFileSize(real, size) } }
    methods.xLock = { file, kind in called(file) { _, real, system in system.xLock(real, kind) } }
    methods.xUnlock = { file, kind in called(file) { _, real, system in system.xUnlock(real, kind) } }
    methods.xCheckReservedLock = { file, out in
      called(file) { _, real, system in system.xCheckReservedLock(real, out) }
    }
    methods.xFileControl = { file, operation, argument in
      called(file) { _, real, system in system.xFileControl(real, operation, argument) }
    }
    methods.xSectorSize = { file in called(file) { _, real, system in system.xSectorSize(real) } }
    methods.xDeviceCharacteristics = { file in
      called(file) { _, real, system in system.xDeviceCharacteristics(real) }
    }
    methods.xShmMap = { file, region, size, extend, out in
      called(file) { _, real, system in system.xShmMap(real, region, size, extend, out) }
    }
    methods.xShmLock = { file, offset, count, flags in
      called(file) { _, real, system in system.xShmLock(real, offset, count, flags) }
    }
    methods.xShmBarrier = { file in
      let real = inner(file!)
      real.pointee.pMethods.pointee.xShmBarrier(real)
    }
    methods.xShmUnmap = { file, removes in called(file) { _, real, system in system.xShmUnmap(real, removes) } }
    let pointer = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    pointer.initialize(to: methods)
    return UnsafePointer(pointer)
  }()
}
