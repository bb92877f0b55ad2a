internal import CQLEngine
internal import Foundation
internal import Measuring

/// The node's storage: durable writes by how many wait for each other, hot and random reads of one row, and a scan.
struct StoreBench {
  let directory: String

  private static let rows = 1_000_000

  func run() async throws {
    try? FileManager.default.removeItem(atPath: directory)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try Store(StoreConfiguration(.directory(directory)))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 864_000)
    printRow("", ["CPU µs", "wall µs"])
    for concurrency in [1, 64, 256] { try await writes(store, table, concurrency) }
    try await fill(store, table)
    let reader = try store.makeReader()
    let partition = PartitionKey(token: 42, key: Array("one".utf8).span)
    let now = Int64(1)
    var bytes = 0
    func read(_ key: [UInt8]) throws {
      let isThere = try reader.record(table.number, key, now: now) { view throws(StorageError) in
        var position = view.start
        while let cell = try view.next(&position) { bytes += view.lengthAndValue(of: cell).count }
      }
      precondition(isThere)
    }
    let keys = (0..<Self.rows).map { partition.row(Self.clustering($0)) }
    try measure("a hot row", 500_000) { _ in try read(keys[1234]) }
    try measure("a random row of a million", 500_000) { try read(keys[$0 &* 7_919 % Self.rows]) }
    for reverse in [false, true] {
      try measure(reverse ? "a row scanned backwards" : "a row scanned", 1, times: Self.rows) { _ in
        var range = KeyRange.rows(of: partition)
        while true {
          let end = try reader.scan(table.number, range, reverse: reverse, now: now) { view throws(StorageError) in
            var position = view.start
            while let cell = try view.next(&position) { bytes += view.lengthAndValue(of: cell).count }
            return .next
          }
          guard case .slice(let rest) = end else { break }
          range = rest
        }
      }
    }
    precondition(bytes > 0)
    await store.close()
  }

  private func measure(_ name: String, _ count: Int, times: Int = 1, _ body: (Int) throws -> Void) rethrows {
    let start = Usage.now
    for index in 0..<count { try body(index) }
    show(name, start, count * times)
  }

  private func show(_ name: String, _ start: Usage, _ count: Int) {
    let end = Usage.now
    printRow(
      name,
      [
        fixed((end.cpu - start.cpu) * 1e6 / Double(count), 2), fixed((end.wall - start.wall) * 1e6 / Double(count), 2),
      ])
  }

  private func writes(_ store: Store, _ table: TableHandle, _ concurrency: Int) async throws {
    let count = concurrency == 1 ? 2_000 : 200_000
    for isUpdate in [false, true] {
      let start = Usage.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<concurrency {
          group.addTask {
            for number in stride(from: worker, to: count, by: concurrency) {
              let token = Int64(truncatingIfNeeded: UInt64(number) &* 0x9e37_79b9_7f4a_7c15)
              let key = PartitionKey(token: token, key: Array("key \(concurrency) \(number)".utf8).span)
              let row = RowMutation(clustering: [], record: Self.record(number, timestamp: isUpdate ? 2 : 1))
              try await store.apply([PartitionMutation(table: table, partition: key, rows: [row])])
            }
          }
        }
        try await group.waitForAll()
      }
      show("\(isUpdate ? "an update" : "an insert"), \(concurrency) at once", start, count)
    }
  }

  private func fill(_ store: Store, _ table: TableHandle) async throws {
    let partition = PartitionKey(token: 42, key: Array("one".utf8).span)
    let start = Usage.now
    for first in stride(from: 0, to: Self.rows, by: 1_000) {
      let rows = (first..<(first + 1_000)).map {
        RowMutation(clustering: Self.clustering($0), record: Self.record($0, timestamp: 1))
      }
      try await store.apply([PartitionMutation(table: table, partition: partition, rows: rows)])
    }
    show("an insert, 1,000 in a batch", start, Self.rows)
  }

  private static func clustering(_ number: Int) -> [UInt8] {
    [UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
  }

  /// A row of text, text and int.
  private static func record(_ number: Int, timestamp: Int64) -> [UInt8] {
    var builder = RecordBuilder()
    builder.setMarker(timestamp: timestamp)
    builder.addCell(1, value: Array("a genus of plants".utf8).span, timestamp: timestamp)
    builder.addCell(2, value: Array("its species".utf8).span, timestamp: timestamp)
    builder.addCell(3, value: clustering(number).span, timestamp: timestamp)
    return builder.finish()
  }
}
