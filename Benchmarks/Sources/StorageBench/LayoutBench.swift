internal import CCassandraSQLite
internal import Foundation
internal import Measuring

/// Records of four sizes in both kinds of table and with three sizes of pages: what writing in groups, looking up and
/// scanning cost in processor time, and what room they take.
struct LayoutBench {
  let directory: String

  private static let shapes: [(bytes: Int, records: Int)] = [
    (60, 400_000), (600, 100_000), (10_000, 8_000), (1_000_000, 100),
  ]

  func run() throws {
    printRow("table, page, record", ["write µs", "hot read µs", "read µs", "scan µs", "file B/rec"])
    for (bytes, records) in Self.shapes {
      for page in [4096, 8192, 16384] {
        for isOrdered in [true, false] { try measure(bytes: bytes, records: records, page: page, isOrdered: isOrdered) }
      }
    }
  }

  private func measure(bytes: Int, records: Int, page: Int, isOrdered: Bool) throws {
    try? FileManager.default.removeItem(atPath: directory)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let database = RawDatabase(directory + "/bench.db")
    database.run("PRAGMA page_size = \(page); PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    database.run(
      "CREATE TABLE records (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL)\(isOrdered ? " WITHOUT ROWID" : "")")
    let keys = (0..<records).map { Self.key($0) }
    let value = [UInt8](repeating: 7, count: bytes)
    let write = database.prepare("INSERT INTO records VALUES (?1, ?2)")
    let start = Usage.now
    var next = 0
    while next < records {
      database.run("BEGIN IMMEDIATE")
      for key in keys[next..<min(records, next + 128)] { write.run(key, value) }
      database.run("COMMIT")
      next += 128
    }
    let written = Usage.now
    database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    let read = database.prepare("SELECT v FROM records WHERE k = ?1")
    let reads = bytes > 100_000 ? 2_000 : 200_000
    let beforeHot = Usage.now
    for _ in 0..<reads { read.get(keys[records / 2]) }
    let beforeReads = Usage.now
    for index in 0..<reads { read.get(keys[index &* 7_919 % records]) }
    let beforeScan = Usage.now
    let scan = database.prepare("SELECT k, v FROM records WHERE k >= ?1 ORDER BY k")
    for _ in 0..<2 { scan.scan([0]) }
    let end = Usage.now
    let size = (try FileManager.default.attributesOfItem(atPath: directory + "/bench.db")[.size] as? Int) ?? 0
    func micro(_ from: Usage, _ to: Usage, _ count: Int) -> String {
      fixed((to.cpu - from.cpu) * 1e6 / Double(count), 2)
    }
    printRow(
      "\(isOrdered ? "ordered" : "row ids"), \(page), \(bytes)",
      [
        micro(start, written, records), micro(beforeHot, beforeReads, reads), micro(beforeReads, beforeScan, reads),
        micro(beforeScan, end, records * 2), fixed(Double(size) / Double(records), 0),
      ])
  }

  /// Keys as the storage has them: table, token, length, a short partition key, kind, a clustering key; partitions of
  /// eight rows in random order.
  private static func key(_ number: Int) -> [UInt8] {
    var token = UInt64(number / 8) &* 0x9e37_79b9_7f4a_7c15
    var key: [UInt8] = [0, 0, 0, 1]
    for _ in 0..<8 {
      key.append(UInt8(token >> 56))
      token <<= 8
    }
    key += [0, 8]
    key += withUnsafeBytes(of: number / 8) { Array($0) }
    key += [1, 0, 0, 0, UInt8(number % 8)]
    return key
  }
}

/// SQLite without anything around it.
private final class RawDatabase {
  let handle: OpaquePointer

  init(_ path: String) {
    var opened: OpaquePointer?
    precondition(
      sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK
    )
    guard let opened else { preconditionFailure("no connection") }
    handle = opened
  }

  deinit { sqlite3_close_v2(handle) }

  func run(_ text: String) { precondition(sqlite3_exec(handle, text, nil, nil, nil) == SQLITE_OK) }

  func prepare(_ text: String) -> RawStatement {
    var prepared: OpaquePointer?
    precondition(sqlite3_prepare_v2(handle, text, -1, &prepared, nil) == SQLITE_OK)
    guard let prepared else { preconditionFailure("no statement") }
    return RawStatement(prepared)
  }
}

private final class RawStatement {
  let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { sqlite3_finalize(handle) }

  func run(_ key: [UInt8], _ value: [UInt8]) {
    sqlite3_bind_blob(handle, 1, key, Int32(key.count), nil)
    value.withUnsafeBufferPointer { value in
      _ = sqlite3_bind_blob(handle, 2, value.baseAddress, Int32(value.count), nil)
      precondition(sqlite3_step(handle) == SQLITE_DONE)
    }
    sqlite3_reset(handle)
  }

  func get(_ key: [UInt8]) {
    key.withUnsafeBufferPointer { key in
      _ = sqlite3_bind_blob(handle, 1, key.baseAddress, Int32(key.count), nil)
      precondition(sqlite3_step(handle) == SQLITE_ROW)
      precondition(sqlite3_column_blob(handle, 0) != nil)
      sqlite3_reset(handle)
    }
  }

  func scan(_ from: [UInt8]) {
    from.withUnsafeBufferPointer { from in
      _ = sqlite3_bind_blob(handle, 1, from.baseAddress, Int32(from.count), nil)
      while sqlite3_step(handle) == SQLITE_ROW {
        precondition(sqlite3_column_blob(handle, 0) != nil && sqlite3_column_blob(handle, 1) != nil)
      }
      sqlite3_reset(handle)
    }
  }
}
