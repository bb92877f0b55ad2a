import CassandraBytes
import CassandraWire

/// Runs one page of a SELECT.
final class SelectExecution {
  private let plan: SelectPlan
  private let source: RowSource
  private let now: Int64
  private let yielding: () async -> Void
  private let meter: (any AnswerMeter)?
  /// Bytes that the answer may have.
  private var room = AnswerRoom.free
  /// Bytes that it has to be able to have before anything further is read; 0 when it is.
  private var missing = 0
  /// When the slice at hand has begun.
  private var sliceStart = monotonicMicroseconds()
  private let evaluator: Evaluator
  private let digest: UInt64
  private let pageSize: Int
  private let state: PageState?
  private let limit: Int
  private var writer: RowWriter
  private let ranges: [ClusteringRange]
  /// What the client is warned of.
  let warnings: [String]

  /// How many slices the read has taken so far.
  private(set) var sliceCount = 1

  /// How many records have been looked at so far.
  var recordCount: Int { writer.recordCount }

  /// What a page brought.
  struct Page {
    /// The state for the next page, or nil when this was the last one.
    var state: PageState?
    /// The number of rows.
    var count: Int
  }

  init(
    _ plan: SelectPlan, _ source: RowSource, image: RowImage, evaluator: Evaluator, digest: UInt64,
    stateKey: SipKey, parameters: QueryParameters, now: Int64, yielding: @escaping () async -> Void,
    meter: (any AnswerMeter)?
  ) throws(EngineFailure) {
    self.plan = plan
    self.source = source
    self.now = now
    self.yielding = yielding
    self.meter = meter
    self.evaluator = evaluator
    self.digest = digest
    let limit = try Self.limit(plan.limit, evaluator)
    let partitionLimit = try Self.limit(plan.perPartitionLimit, evaluator)
    var state: PageState?
    if let bytes = parameters.pageState {
      guard let decoded = PageState(bytes, stateKey), decoded.digest == digest else {
        throw EngineFailure(.protocolError, "Invalid value for the paging state")
      }
      state = decoded
    }
    self.state = state
    self.limit = state.map { Int(clamping: $0.remaining) } ?? limit
    for key in plan.selectedKeys { try key.check(evaluator) }
    var pageSize = parameters.pageSize.map { $0 > 0 ? Int($0) : Int.max } ?? Int.max
    // Cassandra gives groups of DISTINCT in one page, too.
    if plan.isAggregate, plan.grouping == nil || plan.isDistinct { pageSize = .max }
    if plan.neighbours != nil { pageSize = .max }
    if plan.sortsPartitions, pageSize < self.limit {
      throw EngineFailure.invalid(
        "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the "
          + "ORDER BY or the IN and sort client side, or disable paging for this query")
    }
    self.pageSize = pageSize
    var filters: [BoundFilter] = []
    for filter in plan.filters {
      filters.append(try BoundFilter(filter, filter.slots.map { plan.shape.columns[$0].name }, evaluator))
    }
    let search = try plan.neighbours.map { order throws(EngineFailure) in
      try NeighbourSearch(
        order, of: plan, limit: limit, pageSize: parameters.pageSize.flatMap { $0 > 0 ? Int($0) : nil }, evaluator)
    }
    warnings = search?.warnings ?? []
    writer = RowWriter(
      plan, evaluator, image: image, filters: filters, neighbours: search?.rows,
      pageLimit: min(pageSize, self.limit), partitionLimit: partitionLimit)
    ranges = try ReadRanges.clustering(plan.clustering, evaluator)
  }

  private static func limit(_ expression: Expression?, _ evaluator: Evaluator) throws(EngineFailure) -> Int {
    guard let expression else { return .max }
    switch try evaluator.value(expression) {
    case .bytes(let bytes) where bytes.count == 4:
      let number = Int(bytes.span.int32(at: 0))
      guard number > 0 else { throw EngineFailure.invalid("LIMIT must be strictly positive") }
      return number
    case .unset: return .max
    default: throw EngineFailure.invalid("Invalid null value of limit")
    }
  }

  /// The image of rows, for another request when this one is done.
  var image: RowImage { writer.image }

  /// Reads the page and appends its rows to `body`.
  func run(into body: inout [UInt8]) async throws(EngineFailure) -> Page {
    swap(&body, &writer.body)
    var partitionIndex: UInt32? = 0
    let failure: EngineFailure?
    do throws(EngineFailure) {
      switch plan.partitions {
      case .keys(let restrictions): partitionIndex = try await readKeys(restrictions, plan.token)
      case .tokens(let restriction): try await readTokens(restriction)
      case .all: try await readScan(.table)
      case .index(let number, let value, let column):
        try await readIndex(number, value, name: column.name, isStatic: column.kind == .static)
      }
      try writer.finish(limit: limit)
      failure = writer.failure
    } catch {
      failure = error
    }
    swap(&body, &writer.body)
    if let failure { throw failure }
    return Page(state: partitionIndex.flatMap { nextState($0) }, count: writer.count)
  }

  private func nextState(_ partitionIndex: UInt32) -> PageState? {
    guard writer.isFull, writer.count < limit, let resumption = writer.resumption else { return nil }
    var state = PageState(
      digest: digest, partitionIndex: partitionIndex,
      remaining: limit == .max ? .max : Int64(limit - writer.count), countInPartition: Int64(writer.countInPartition),
      partitionHasRow: writer.partitionHasRow, isAfterPartition: false, position: [])
    switch resumption {
    case .after(let key): state.position = key
    case .afterPartition(let prefix):
      state.position = prefix
      state.isAfterPartition = true
    }
    return state
  }

  // MARK: By keys

  /// Reads the partitions that the statement names; returns the index of the last one read, or nil when nothing can follow.
  private func readKeys(_ restrictions: [Restriction], _ token: Restriction?) async throws(EngineFailure) -> UInt32? {
    // Where no row can be meant, Cassandra does not look at the key.
    if ranges.isEmpty { return nil }
    var partitions = try ReadRanges.partitions(
      restrictions, evaluator, isVirtual: plan.table.definition.source == .virtual)
    if let token {
      guard let tokens = try ReadRanges.tokens(token, evaluator) else { return 0 }
      let range = KeyRange.tokens(from: tokens.lowerBound, through: tokens.upperBound)
      partitions.removeAll { !range.contains($0.bytes) }
    }
    let first = Int(state?.partitionIndex ?? 0)
    for index in partitions.indices.dropFirst(first) {
      if index > first { try await breathe() }
      if index > first, writer.isFull { return UInt32(truncatingIfNeeded: index - 1) }
      try await read(partitions[index], state: index == first ? state : nil)
      guard writer.isFull || writer.failure != nil else { continue }
      // The last partition has given its only row, or all that is wanted of it.
      if index == partitions.count - 1, plan.table.clustering.isEmpty || writer.partitionIsDone { return nil }
      return UInt32(truncatingIfNeeded: index)
    }
    return nil
  }

  private func read(_ partition: PartitionKey, state: PageState?) async throws(EngineFailure) {
    if state?.isAfterPartition == true { return }
    writer.enter(partition)
    writer.beginPartition(
      count: Int(clamping: state?.countInPartition ?? 0), hasRow: state?.partitionHasRow ?? false)
    if plan.table.hasStatics {
      var step = ScanStep.next
      try await lookUp(partition.head) { record throws(StorageError) in step = try writer.acceptHead(record) }
      guard step == .next, writer.failure == nil else {
        _ = writer.endPartition()
        return
      }
    }
    if plan.namesOneRow, ranges.count == 1 {
      if state == nil { try await readRow(partition.row(ranges[0].lower)) }
      return
    }
    for range in plan.isReversed ? ranges.reversed() : ranges {
      // Each begins a slice of its own, and a statement may name many.
      if ranges.count > 1 { try await breathe() }
      var keys = range.keys(of: partition)
      if let state {
        if plan.isReversed {
          if keys.upper.isEmpty || state.position.lexicographicallyPrecedes(keys.upper) { keys.upper = state.position }
        } else if keys.lower.lexicographicallyPrecedes(state.position + [0]) {
          keys.lower = state.position + [0]
        }
        guard keys.upper.isEmpty || keys.lower.lexicographicallyPrecedes(keys.upper) else { continue }
      }
      try await scan(keys)
      if writer.isFull || writer.failure != nil || writer.partitionIsDone { break }
    }
    _ = writer.endPartition()
  }

  /// Reads one row: what a statement with the whole primary key asks for.
  private func readRow(_ key: [UInt8]) async throws(EngineFailure) {
    try await lookUp(key) { record throws(StorageError) in _ = try writer.accept(record) }
  }

  /// Gives one record to `body` when it is there, once there is room for it.
  private func lookUp(
    _ key: [UInt8], _ body: (borrowing RecordView) throws(StorageError) -> Void
  ) async throws(EngineFailure) {
    while true {
      _ = try reading { () throws(StorageError) in
        try source.record(plan.table.number, key, now: now) { record throws(StorageError) in
          if hasRoom(for: record.bytes.count) { try body(record) }
        }
      }
      guard missing > 0 else { return }
      try await endSlice()
    }
  }

  // MARK: By scans

  private func readTokens(_ restriction: Restriction) async throws(EngineFailure) {
    guard let tokens = try ReadRanges.tokens(restriction, evaluator) else { return }
    try await readScan(.tokens(from: tokens.lowerBound, through: tokens.upperBound))
  }

  private func readScan(_ range: KeyRange) async throws(EngineFailure) {
    var range = range
    if let state, !state.position.isEmpty {
      if state.isAfterPartition {
        let prefix = Self.partitionPrefix(state.position)
        range.lower = KeyRange.prefixEnd(prefix)
        guard !range.lower.isEmpty else { return }
      } else {
        range.lower = state.position + [0]
        try await resume(Self.partitionPrefix(state.position), state)
      }
      guard range.upper.isEmpty || range.lower.lexicographicallyPrecedes(range.upper) else { return }
    }
    try await scan(range)
    if !writer.isFull, writer.failure == nil { _ = writer.endPartition() }
  }

  /// Goes on in the middle of a partition, whose static values are read again.
  private func resume(_ prefix: [UInt8], _ state: PageState) async throws(EngineFailure) {
    let partition = PartitionKey(prefix: prefix.span)
    writer.enter(partition)
    writer.beginPartition(count: Int(clamping: state.countInPartition), hasRow: state.partitionHasRow)
    guard plan.table.hasStatics else { return }
    try await lookUp(partition.head) { record throws(StorageError) in _ = try writer.acceptHead(record) }
  }

  /// The bytes that the keys of a record's partition begin with.
  private static func partitionPrefix(_ key: [UInt8]) -> [UInt8] {
    guard key.count >= PartitionKey.headerBytes else { return key }
    let count = PartitionKey.headerBytes + Int(key.span.uint16(at: 8))
    return Array(key.prefix(count))
  }

  /// Scans in slices, and lets the loop do other work between them.
  private func scan(_ range: KeyRange) async throws(EngineFailure) {
    var rest = range
    while true {
      let end = try reading { () throws(StorageError) in
        try source.scan(plan.table.number, rest, reverse: plan.isReversed, now: now) { record throws(StorageError) in
          try hasRoom(for: record.bytes.count) ? writer.accept(record) : .pause
        }
      }
      guard case .slice(let left) = end else { return }
      rest = left
      try await endSlice()
    }
  }

  /// Whether the answer may have the bytes of one more record. When it may not, what is missing is noted, and the record
  /// is not to be taken before a slice has ended: nothing is made that is not counted.
  private func hasRoom(for bytes: Int) -> Bool {
    let needed = writer.heldBytes + (bytes + writer.image.staticBytes) * plan.repetition
    return needed <= room || takeRoom(needed)
  }

  private func takeRoom(_ needed: Int) -> Bool {
    guard let meter else { return true }
    guard let room = meter.room(for: needed) else {
      missing = needed
      return false
    }
    self.room = room
    return true
  }

  /// Ends a slice: waits until there is room for what has been read and what is missing, and lets the loop do other work.
  private func endSlice() async throws(EngineFailure) {
    if let meter {
      room = max(room, try await meter.waitForRoom(max(missing, writer.heldBytes)))
      missing = 0
      await meter.waitForTurn()
    } else {
      await yielding()
    }
    sliceCount += 1
    sliceStart = monotonicMicroseconds()
  }

  /// Ends the slice when its time is over: between the pieces of a read that consists of many small ones.
  private func breathe() async throws(EngineFailure) {
    if monotonicMicroseconds() - sliceStart >= SliceBudget().microseconds { try await endSlice() }
  }

  private func reading<Result>(_ body: () throws(StorageError) -> Result) throws(EngineFailure) -> Result {
    do throws(StorageError) {
      return try body()
    } catch {
      throw EngineFailure(error)
    }
  }

  // MARK: By an index

  private func readIndex(
    _ number: TableNumber, _ value: SelectPlan.IndexValue, name: String, isStatic: Bool
  ) async throws(EngineFailure) {
    guard case .store(let reader) = source else { return }
    var wanted: [UInt8] = []
    switch value {
    case .value(let expression, let type, let analysis):
      let value = try evaluator.filtered(expression, name)
      try IndexedValueLimit.check(wanted: value, by: number, of: plan.table)
      wanted = try ValueOrder.key(value, type, analysis)
    case .entry(let key, let keyType, let entry, let valueType):
      wanted = try ValueOrder.key(try evaluator.filtered(key, name), keyType)
      wanted += try ValueOrder.key(try evaluator.filtered(entry, name), valueType)
    }
    var range = KeyRange.table
    if let token = plan.token {
      guard let tokens = try ReadRanges.tokens(token, evaluator) else { return }
      range = KeyRange.tokens(from: tokens.lowerBound, through: tokens.upperBound)
    }
    var after = state?.position
    if let state, !state.position.isEmpty {
      let prefix = Self.partitionPrefix(state.position)
      let partition = PartitionKey(prefix: prefix.span)
      if state.isAfterPartition {
        after = partition.end
      } else if isStatic {
        // The rest of the partition comes first: its one entry has been passed.
        try await read(partition, state: state)
        after = partition.end
      } else {
        try await resume(prefix, state)
      }
    }
    while !writer.isFull, writer.failure == nil {
      // A slice's keys are gathered first: one statement at a time is open.
      var keys: [[UInt8]] = []
      let end = try reading { () throws(StorageError) in
        try reader.indexEntries(number, value: wanted, after: after) { key throws(StorageError) in
          keys.append([UInt8](copying: key))
          return keys.count < Self.indexBatch ? .next : .stop
        }
      }
      var done: [UInt8]?
      for key in keys {
        after = key
        guard range.contains(key) else { continue }
        // Of a partition that has given all that is wanted of it nothing more is looked at.
        if let done, key.starts(with: done) { continue }
        done = try await readIndexed(key, isStatic: isStatic) == .nextPartition ? Self.partitionPrefix(key) : nil
        if writer.isFull || writer.failure != nil { return }
        try await breathe()
      }
      if end == .end { break }
      try await endSlice()
    }
    if !writer.isFull, writer.failure == nil { _ = writer.endPartition() }
  }

  /// How many entries of an index are looked up in one go.
  private static let indexBatch = 500

  private func readIndexed(_ key: [UInt8], isStatic: Bool) async throws(EngineFailure) -> ScanStep {
    let partition = PartitionKey(prefix: Self.partitionPrefix(key).span)
    if isStatic {
      try await read(partition, state: nil)
      return .next
    }
    var step = ScanStep.next
    if plan.table.hasStatics {
      try await lookUp(partition.head) { record throws(StorageError) in step = try writer.accept(record) }
      if step != .next { return step }
    }
    try await lookUp(key) { record throws(StorageError) in step = try writer.accept(record) }
    return step
  }
}
