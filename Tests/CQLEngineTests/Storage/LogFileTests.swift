import CCassandraSQLite
import Testing

@testable import CQLEngine

/// What becomes of bytes that are gathered for the log and do not reach it.
@Suite struct LogFileTests {
  /// A file whose disk is full.
  private func withFullDisk(
    _ body: (LogFile.Connection, UnsafeMutablePointer<sqlite3_file>, UnsafePointer<sqlite3_io_methods>) -> Void
  ) {
    var file = sqlite3_file()
    var methods = sqlite3_io_methods()
    methods.xWrite = { _, _, _, _ in SQLITE_FULL }
    body(LogFile.Connection(), &file, &methods)
  }

  private func append(_ log: LogFile.Connection, at offset: Int64) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { bytes in
      bytes.initializeMemory(as: UInt8.self, repeating: 7)
      guard let start = bytes.baseAddress else { return false }
      return log.append(UnsafeRawPointer(start), bytes.count, at: offset)
    }
  }

  @Test func aFailureThatNobodyMindsIsToldByTheSync() {
    withFullDisk { log, file, methods in
      #expect(append(log, at: 0))
      // A call whose result SQLite may pass over.
      #expect(log.settle(file, methods) == SQLITE_FULL)
      // The bytes are gone, so nothing goes on behind them, and the sync must not succeed.
      #expect(!append(log, at: 24))
      #expect(log.settle(file, methods) == SQLITE_FULL)
      #expect(log.settleAndTell(file, methods) == SQLITE_FULL)
      // It has been told, and the next transaction may try.
      #expect(append(log, at: 0))
    }
  }
}
