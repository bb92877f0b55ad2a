import CassandraDice
import Foundation

/// The files that a disk may hold after a loss of power: all that was synced, and of the rest what a seed chooses.
struct DiskImage {
  private var durable: [String: [UInt8]] = [:]
  private var pending: [String: [FaultyDisk.Event]] = [:]
  private(set) var acknowledged: Set<Int> = []

  /// What a sector holds is written whole or not at all.
  private static let sectorBytes = 512

  /// Goes on by one event.
  mutating func apply(_ event: FaultyDisk.Event) {
    switch event {
    case .write(let name, _, _), .truncate(let name, _): pending[name, default: []].append(event)
    case .sync(let name):
      for event in pending.removeValue(forKey: name) ?? [] { Self.run(event, on: &durable[name, default: []]) }
    case .remove(let name):
      pending[name] = nil
      durable[name] = nil
    case .acknowledged(let write): acknowledged.insert(write)
    }
  }

  private static func run(_ event: FaultyDisk.Event, on file: inout [UInt8]) {
    switch event {
    case .write(_, let offset, let bytes):
      if file.count < offset + bytes.count {
        file.append(contentsOf: repeatElement(0, count: offset + bytes.count - file.count))
      }
      file.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    case .truncate(_, let size): if size < file.count { file.removeLast(file.count - size) }
    case .sync, .remove, .acknowledged: break
    }
  }

  /// Writes files as the disk may hold them if the power fails now.
  func write(to directory: String, _ random: inout Dice) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for name in Set(durable.keys).union(pending.keys).sorted() {
      // A file that was made and never synced may not be there at all.
      if durable[name] == nil && random.oneIn(3) { continue }
      var file = durable[name] ?? []
      var events = pending[name] ?? []
      switch Int.random(in: 0..<4, using: &random) {
      case 0: events = []
      case 1: events = Array(events.prefix(Int.random(in: 0...events.count, using: &random)))
      case 2: events.removeAll { _ in Bool.random(using: &random) }
      default: events.shuffle(using: &random)
      }
      for event in events {
        guard case .write(_, let offset, let bytes) = event, random.oneIn(3) else {
          Self.run(event, on: &file)
          continue
        }
        var start = 0
        while start < bytes.count {
          let end = min(bytes.count, start + Self.sectorBytes - (offset + start) % Self.sectorBytes)
          if Bool.random(using: &random) {
            Self.run(.write(name, offset: offset + start, Array(bytes[start..<end])), on: &file)
          }
          start = end
        }
      }
      try Data(file).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
  }
}
