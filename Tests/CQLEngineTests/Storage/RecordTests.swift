import CassandraDice
import Testing

@testable import CQLEngine

@Suite struct RecordTests {
  private func merged(_ left: [UInt8], _ right: [UInt8]) throws -> [UInt8]? {
    try RecordMerge.merge(left.span, right.span)
  }

  private func marker(_ timestamp: Int64, ttl: UInt32? = nil, seconds: UInt32 = 0) -> [UInt8] {
    record { $0.setMarker(timestamp: timestamp, expiry: ttl.map { Expiry(ttl: $0, seconds: seconds) }) }
  }

  @Test func markersMergeByCassandrasOrder() throws {
    // Each wins over all before it: LivenessInfo.supersedes.
    let ascending = [
      marker(1), marker(2), marker(2, ttl: 60, seconds: 100), marker(2, ttl: 60, seconds: 101),
      marker(2, ttl: 50, seconds: 101), marker(3), marker(3, ttl: 10, seconds: 5),
    ]
    for winner in ascending.indices {
      for loser in 0...winner {
        #expect(try merged(ascending[winner], ascending[loser]) == ascending[winner])
        #expect(try merged(ascending[loser], ascending[winner]) == ascending[winner])
      }
    }
  }

  @Test func cellsMergeByCassandrasOrder() throws {
    func cell(_ value: [UInt8], ttl: UInt32? = nil, seconds: UInt32 = 0) -> [UInt8] {
      record { $0.addCell(1, value: value.span, timestamp: 5, expiry: ttl.map { Expiry(ttl: $0, seconds: seconds) }) }
    }
    func tombstone(_ seconds: UInt32) -> [UInt8] {
      record { $0.addTombstone(1, Deletion(timestamp: 5, localSeconds: seconds)) }
    }
    // Of one timestamp, each wins over all before it: Cells.resolveRegular.
    let ascending = [
      cell([]), cell([1]), cell([1, 0]), cell([0x7f]), cell([0x80]), cell([0xff, 0xff]),
      cell([0], ttl: 60, seconds: 100), cell([9], ttl: 60, seconds: 100), cell([0], ttl: 50, seconds: 100),
      cell([0], ttl: 60, seconds: 200), tombstone(1), tombstone(2),
    ]
    for winner in ascending.indices {
      for loser in 0...winner {
        #expect(try merged(ascending[winner], ascending[loser]) == ascending[winner])
        #expect(try merged(ascending[loser], ascending[winner]) == ascending[winner])
      }
    }
  }

  @Test func aRowsDeletionCoversWhatIsNotNewer() throws {
    let row = record { builder in
      builder.setMarker(timestamp: 5)
      builder.addCell(1, value: [1].span, timestamp: 5)
      builder.addCell(2, value: [2].span, timestamp: 6)
    }
    let deletion = Deletion(timestamp: 5, localSeconds: 9)
    let expected = record { builder in
      builder.setDeletion(deletion)
      builder.addCell(2, value: [2].span, timestamp: 6)
    }
    #expect(try merged(row, record { $0.setDeletion(deletion) }) == expected)
    #expect(try merged(record { $0.setDeletion(deletion) }, row) == expected)
    #expect(try RecordMerge.settle(row.span, deletedThrough: 6) == nil)
  }

  @Test func cellsInAnyOrderMakeOneRecord() throws {
    let sorted = record { builder in
      builder.setMarker(timestamp: 1)
      builder.addCollectionDeletion(1, Deletion(timestamp: 1, localSeconds: 1))
      builder.addCell(1, path: [1].span, value: [11].span, timestamp: 2)
      builder.addCell(1, path: [2].span, value: [12].span, timestamp: 2)
      builder.addCell(3, value: [3].span, timestamp: 2)
    }
    let shuffled = record { builder in
      builder.setMarker(timestamp: 1)
      builder.addCell(3, value: [3].span, timestamp: 2)
      builder.addCell(1, path: [2].span, value: [5].span, timestamp: 2)
      builder.addCell(1, path: [1].span, value: [11].span, timestamp: 2)
      builder.addCell(1, path: [2].span, value: [12].span, timestamp: 2)
      builder.addCollectionDeletion(1, Deletion(timestamp: 1, localSeconds: 1))
    }
    #expect(sorted == shuffled)
  }

  @Test func theFirstNoteStays() throws {
    let first = record { builder in
      builder.setNote([1, 2].span)
      builder.addCell(1, value: [1].span, timestamp: 1)
    }
    let second = record { $0.addCell(1, value: [2].span, timestamp: 2) }
    let third = record { builder in
      builder.setNote([3].span)
      builder.addCell(2, value: [2].span, timestamp: 2)
    }
    let one = try #require(try merged(first, second))
    let layout = try RecordLayout(one.span)
    #expect(Array(one[layout.note]) == [1, 2])
    let two = try #require(try merged(one, third))
    let later = try RecordLayout(two.span)
    #expect(Array(two[later.note]) == [1, 2])
  }

  /// Bytes that are no record give an error: none traps, whatever the file holds.
  @Test func damagedRecordsGiveErrors() {
    let seed = Dice.seed("damaged records")
    var random = Dice(seed: seed)
    let whole = record { builder in
      builder.setMarker(timestamp: 5, expiry: Expiry(ttl: 5, seconds: 9))
      builder.setDeletion(Deletion(timestamp: 4, localSeconds: 8))
      builder.setNote([7, 7, 7].span)
      builder.addRangeDeletion(from: [1], upTo: [2, 3], Deletion(timestamp: 9, localSeconds: 8))
      builder.addRangeDeletion(from: [4], upTo: nil, Deletion(timestamp: 9, localSeconds: 8))
      builder.addCollectionDeletion(1, Deletion(timestamp: 5, localSeconds: 8))
      builder.addCell(1, path: [1, 2].span, value: [3, 4].span, timestamp: 6)
      builder.addCell(2, value: [5].span, timestamp: 7, expiry: Expiry(ttl: 5, seconds: 9))
      builder.addTombstone(3, Deletion(timestamp: 8, localSeconds: 8))
      builder.addCounter(4, delta: 3, timestamp: 8)
    }
    var failures = 0
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if random.oneIn(3) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
      do throws(StorageError) {
        _ = try RecordMerge.merge(bytes.span, whole.span)
        _ = try RecordMerge.merge(whole.span, bytes.span)
        _ = try RecordPurge.purged(bytes.span, now: 100, grace: 10, isHead: true, dropsCoverage: true)
        _ = try RecordPurge.due(bytes.span, grace: 10)
        _ = try PartitionDeletions(head: bytes.span).through([1].span)
        let key = partition(1).row([1])
        let view = try RecordView(key: key.span, bytes: bytes.span, now: 1, deletedThrough: .min)
        var position = view.start
        while let cell = try view.next(&position) { _ = view.value(of: cell).count + view.path(of: cell).count }
      } catch {
        failures += 1
        #expect(error.code == .corrupt)
      }
    }
    #expect(failures > 1_000)
  }
}
