internal import CassandraBytes

/// Builds the indexes that somebody waits for.
struct IndexBuilder {
  let limits: StorageLimits
  let records: RecordWriter
  let background: BackgroundWork

  /// Position of an index that is whole: after all keys.
  private static let wholePosition: [UInt8] = [0xff]
  /// How many times as many records as another step one of a build looks at, since all that it does to one is to make a
  /// key or to store it behind the last one.
  private static let buildFactor = 10

  /// Does a step; `finished` gets those that are whole.
  func step(milliseconds: Int, _ finished: inout [IndexBuild]) throws(StorageError) {
    var budget = StepBudget(milliseconds: milliseconds, records: limits.stepRecords * Self.buildFactor)
    while !budget.isSpent, !background.builds.isEmpty {
      // Taken out, so that what it has gathered is not copied.
      var build = background.builds.removeFirst()
      let isWhole: Bool
      do throws(StorageError) { isWhole = try stepOfBuild(&build, &budget) } catch {
        background.builds.insert(build, at: 0)
        throw error
      }
      if isWhole { finished.append(build) } else { background.builds.insert(build, at: 0) }
    }
  }

  /// Gathers or stores a piece of an index; answers whether it is whole.
  private func stepOfBuild(_ build: inout IndexBuild, _ budget: inout StepBudget) throws(StorageError) -> Bool {
    let number = Int64(build.index.number.rawValue)
    guard build.entries.isMerging else {
      if build.position.isEmpty {
        let statement = background.statements.build
        try statement.bind(1, number)
        if try statement.step() { build.position = statement.bytes(0) }
        statement.reset()
        if build.position == Self.wholePosition { return true }
      }
      try gather(&build, &budget)
      return false
    }
    while let entry = build.entries.next() {
      try records.putEntry(entry)
      if !budget.spend() { break }
    }
    guard build.entries.isEmpty else { return false }
    // Only what is stored counts after a restart.
    try background.statements.setBuild.bind(1, number)
    try background.statements.setBuild.bind(2, build.isAtEnd ? Self.wholePosition : build.position)
    try background.statements.setBuild.run()
    build.entries = GatheredEntries()
    return build.isAtEnd
  }

  private func gather(_ build: inout IndexBuild, _ budget: inout StepBudget) throws(StorageError) {
    var number: [UInt8] = []
    number.append(bigEndian: build.table.number.rawValue)
    var run = GatheredEntries.Run()
    var last: [UInt8] = []
    let index = build.index
    let room = limits.buildBytes - build.entries.byteCount
    build.isAtEnd = try background.forEachRecord(from: number + build.position, upTo: KeyRange.prefixEnd(number)) {
      key, record, _ throws(StorageError) in
      let recordKey = key.extracting(4..<key.count)
      guard recordKey.count > PartitionKey.headerBytes else { throw .damagedRecord }
      let prefixCount = PartitionKey.headerBytes + Int(recordKey.uint16(at: 8))
      guard recordKey.count > prefixCount else { throw .damagedRecord }
      let isHead = recordKey[prefixCount] == RecordKind.head.rawValue
      try index.forEachEntry(recordKey, record, isHead: isHead) { run.append($0) }
      last.removeAll(keepingCapacity: true)
      last.append(copying: recordKey)
      return budget.spend(bytes: record.count) && run.byteCount < room
    }
    if !last.isEmpty { build.position = last + [0] }
    build.entries.add(run)
    if build.isAtEnd || build.entries.byteCount >= limits.buildBytes { build.entries.beginMerge() }
  }
}
