import Foundation
import Synchronization
import Testing

@testable import CQLEngine

/// A partition whose token orders as `number`.
func partition(_ number: Int64) -> PartitionKey { PartitionKey(token: number, key: Array("p\(number)".utf8).span) }

/// Clustering bytes of a row.
func clustering(_ number: UInt8) -> [UInt8] { [number] }

/// A row that writes texts into columns.
func row(_ number: UInt8, at timestamp: Int64, _ cells: [ColumnID: String], marker: Bool = true) -> RowMutation {
  var builder = RecordBuilder()
  if marker { builder.setMarker(timestamp: timestamp) }
  for (column, value) in cells.sorted(by: { $0.key < $1.key }) {
    builder.addCell(column, value: Array(value.utf8).span, timestamp: timestamp)
  }
  return RowMutation(clustering: clustering(number), record: builder.finish())
}

/// The record that `build` makes.
func record(_ build: (inout RecordBuilder) -> Void) -> [UInt8] {
  var builder = RecordBuilder()
  build(&builder)
  return builder.finish()
}

/// What a reader sees of a row, as text: `1=a@5 2=b@5!60`, with `*@5` in front for a live marker.
func describe(_ view: borrowing RecordView) throws(StorageError) -> String {
  var parts: [String] = []
  if let marker = view.marker { parts.append("*\(times(marker.timestamp, ttl: marker.expiry?.ttl))") }
  var position = view.start
  while let cell = try view.next(&position) {
    let value = view.value(of: cell)
    let shown = cell.isCounter ? "\(value.bytes.unsafeLoadUnaligned(as: Int64.self).bigEndian)" : text(value)
    let path = cell.hasPath ? "[\(text(view.path(of: cell)))]" : ""
    parts.append("\(cell.column)\(path)=\(shown)\(times(cell.timestamp, ttl: cell.ttl == 0 ? nil : cell.ttl))")
  }
  return parts.joined(separator: " ")
}

func text(_ bytes: Span<UInt8>) -> String { String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
/// A cell's times as `@timestamp`, with `!ttl` behind it when it expires.
func times(_ timestamp: Int64, ttl: UInt32?) -> String { "@\(timestamp)\(ttl.map { "!\($0)" } ?? "")" }

extension Reader {
  /// Everything that lives in a range: `partition/clustering: cells`.
  func contents(
    _ table: TableNumber, _ range: KeyRange = .table, reverse: Bool = false, now: Int64 = 0,
    budget: SliceBudget = SliceBudget(records: 5_000, microseconds: 60_000_000)
  ) throws -> [String] {
    var lines: [String] = []
    var range = range
    while true {
      let end = try scan(table, range, reverse: reverse, now: now, budget: budget) {
        view throws(StorageError) in
        if try view.isLive() {
          let place = view.isHead ? "head" : "\(view.clustering.indices.map { view.clustering[$0] })"
          lines.append("\(text(view.partitionKey))\(place) \(try describe(view))")
        }
        return .next
      }
      guard case .slice(let rest) = end else { return lines }
      range = rest
    }
  }
}

/// A directory that is removed with the value.
final class Scratch {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appending(path: "cql-storage-\(UUID().uuidString)").path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

extension Reader {
  /// The keys of records with something in them that ends one day.
  func mortalRecords(_ table: TableNumber) throws -> [[UInt8]] {
    var keys: [[UInt8]] = []
    _ = try scan(table, .table, now: 0, budget: SliceBudget(records: 1_000_000, microseconds: 60_000_000)) { view in
      if view.layout.isMortal { keys.append(view.key.indices.map { view.key[$0] }) }
      return .next
    }
    return keys
  }
}

/// A clock that is moved by hand.
final class MovingClock: Sendable {
  private let seconds: Mutex<Int64>

  init(_ seconds: Int64) { self.seconds = Mutex(seconds) }

  func set(_ value: Int64) { seconds.withLock { $0 = value } }

  var read: @Sendable () -> Int64 { { self.seconds.withLock { $0 } } }
}

#if os(Linux)
  let isLinux = true
#else
  let isLinux = false
#endif
