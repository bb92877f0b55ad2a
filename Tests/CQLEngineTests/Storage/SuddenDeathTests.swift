import CassandraDice
import Foundation
import Synchronization
import Testing

@testable import CQLEngine

/// SIGKILL in the middle of concurrent writes: every acknowledged write is there, and none is half there.
@Suite(.timeLimit(.minutes(10))) struct SuddenDeathTests {
  private static func mutations(_ number: Int, _ table: TableHandle) -> [PartitionMutation] {
    [0, 1].map { half in
      PartitionMutation(
        table: table, partition: partition(Int64(number * 2 + half)),
        rows: [row(UInt8(half), at: 1, [1: "\(number)", 2: String(repeating: "y", count: number % 300)])])
    }
  }

  @Test func acknowledgedWritesSurviveSIGKILL() async throws {
    let seed = Dice.seed("sudden death")
    var random = Dice(seed: seed)
    let rounds = environment("CQL_TEST_KILLS").flatMap { Int($0) } ?? 4
    for round in 0..<rounds {
      let scratch = Scratch()
      defer { withExtendedLifetime(scratch) {} }
      let path = scratch.path
      // The process ends itself by its own hand, while other threads are inside of writes and commits.
      let deathAfter = Int.random(in: 1...3_000, using: &random)
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, deathAfter = deathAfter as Int] in
        try await SuddenDeathTests.dieWriting(to: path, after: deathAfter)
      }
      try await check(path, "round \(round), seed \(seed)")
    }
  }

  /// Writes until `count` writes are acknowledged, then kills the process.
  static func dieWriting(to path: String, after count: Int) async throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let journal = LineJournal.open(path + "/acknowledged")
    var configuration = StoreConfiguration(.directory(path + "/data"))
    configuration.limits.checkpointBytes = 300_000
    let store = try Store(configuration)
    let table = TableHandle(number: TableNumber(rawValue: 9), graceSeconds: 0)
    let acknowledged = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<64 {
        group.addTask {
          for number in stride(from: worker, to: 10_000, by: 64) {
            try await store.apply(mutations(number, table))
            LineJournal.append("\(number)\n", to: journal)
            if acknowledged.next() == count { kill(getpid(), SIGKILL) }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func check(_ path: String, _ comment: Comment) async throws {
    let journal = try String(contentsOfFile: path + "/acknowledged", encoding: .utf8)
    let store = try Store(StoreConfiguration(.directory(path + "/data")))
    let lines = Set(try store.makeReader().contents(TableNumber(rawValue: 9)))
    func isThere(_ number: Int, _ half: Int) -> Bool {
      let text = String(repeating: "y", count: number % 300)
      return lines.contains("p\(number * 2 + half)[\(half)] *@1 1=\(number)@1 2=\(text)@1")
    }
    let acknowledged = journal.split(separator: "\n").compactMap { Int($0) }
    #expect(!acknowledged.isEmpty, comment)
    for number in acknowledged { #expect(isThere(number, 0), "\(comment), write \(number)") }
    var whole = 0
    for number in 0..<10_000 {
      #expect(isThere(number, 0) == isThere(number, 1), "\(comment), write \(number)")
      if isThere(number, 0) { whole += 1 }
    }
    #expect(lines.count == whole * 2, comment)
    await store.close()
  }
}

/// A file that keeps whole lines although the process is killed: each is one call of the system.
enum LineJournal {
  static func open(_ path: String) -> Int32 {
    let file = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    precondition(file >= 0)
    return file
  }

  static func append(_ line: String, to file: Int32) {
    let bytes = Array(line.utf8)
    precondition(write(file, bytes, bytes.count) == bytes.count)
  }
}

/// Counts for all threads.
final class Tally: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}
