import Foundation
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

/// What a reader sees of a row, as text: `1=a 2=b`, with a `*` in front for a live marker.
func describe(_ view: borrowing RecordView) throws(StorageError) -> String {
  var parts: [String] = view.marker == nil ? [] : ["*"]
  var position = view.start
  while let cell = try view.next(&position) {
    let value = view.value(of: cell)
    let text =
      cell.isCounter ? "\(value.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Int64.self).bigEndian)" : text(value)
    parts.append(cell.hasPath ? "\(cell.column)[\(text2(view.path(of: cell)))]=\(text)" : "\(cell.column)=\(text)")
  }
  return parts.joined(separator: " ")
}

func text(_ bytes: Span<UInt8>) -> String { String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
func text2(_ bytes: Span<UInt8>) -> String { text(bytes) }

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
