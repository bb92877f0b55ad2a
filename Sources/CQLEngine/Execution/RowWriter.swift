import CassandraBytes
import CassandraWire

/// Turns the records of one page into rows of a result: tests them, counts them, and copies their values.
///
/// It decides about records in the order of the table; a partition's head comes before its rows, or is given before them
/// when they are read backwards or from the middle.
struct RowWriter {
  let plan: SelectPlan
  private let slots: [Int]
  private let expressions: [Expression]
  /// Where the values of the row at hand stand.
  private(set) var image: RowImage
  var evaluator: Evaluator
  private let filters: [BoundFilter]
  private let tracksPartitions: Bool
  private let hasStatics: Bool
  /// Whether a partition without rows is shown when it has static values.
  private let showsStaticOnly: Bool

  /// The rows, as they stand in the body of the result.
  var body: [UInt8] = []
  /// Records that it was given.
  private(set) var recordCount = 0
  /// The rows of this page so far.
  var count = 0
  /// How many rows this page may have.
  private let pageLimit: Int
  /// How many rows of a partition are wanted.
  let partitionLimit: Int
  /// How many rows of the partition at hand have been written, on earlier pages too; groups where rows are grouped.
  var countInPartition = 0
  /// Whether the partition at hand has had a row.
  private(set) var partitionHasRow = false
  private var partition: [UInt8] = []
  /// A row of a partition that has shown only static values so far, to be written unless rows follow.
  private var pending: PendingRow?
  /// Where reading goes on after the last row of the page: the bound of what is left.
  var resumption: Resumption?
  /// What went wrong, when the writer has stopped because of it.
  private(set) var failure: EngineFailure?

  private struct PendingRow {
    var bytes: [UInt8]
    var values: [CellValue]
    var attributes: [[CellAttributes]]
    var key: [UInt8]
  }

  /// The rows nearest to a vector, where these are wanted.
  private var neighbours: NearestRows?
  private let vectorSlot: Int

  // Sorting, for rows of several partitions that have to come in the order of their clustering.
  var sortKeys: [[UInt8]] = []
  private var sortedRows: [[UInt8]] = []
  private var sortedBytes = 0

  /// Bytes of the answer so far.
  var heldBytes: Int { body.count + sortedBytes + (neighbours?.heldBytes ?? 0) }

  // Aggregates.
  var accumulators: [Accumulator]
  var firstRow: [CellValue]?
  private var firstAttributes: [[CellAttributes]] = []
  /// The group of rows at hand.
  var group = OpenGroup()

  init(
    _ plan: SelectPlan, _ evaluator: Evaluator, image: RowImage, filters: [BoundFilter], neighbours: NearestRows?,
    pageLimit: Int, partitionLimit: Int
  ) {
    self.neighbours = neighbours
    vectorSlot = plan.neighbours?.slot ?? -1
    self.plan = plan
    self.evaluator = evaluator
    self.filters = filters
    self.pageLimit = pageLimit
    self.partitionLimit = partitionLimit
    self.image = image
    hasStatics = plan.table.hasStatics
    tracksPartitions = hasStatics || plan.isDistinct || partitionLimit < Int.max || plan.grouping != nil
    switch plan.outputs {
    case .slots(let slots):
      self.slots = slots
      expressions = []
    case .expressions(let expressions):
      slots = []
      self.expressions = expressions
    }
    accumulators = plan.aggregates.map { Accumulator($0.function) }
    let restrictsRows =
      !plan.clustering.isEmpty
      || plan.filters.contains { filter in
        filter.slots.contains { slot in
          let kind = plan.shape.columns[slot].kind
          return kind == .clustering || kind == .regular
        }
      }
    // What has neighbours are rows.
    showsStaticOnly = hasStatics && !restrictsRows && neighbours == nil
  }

  // MARK: Partitions

  /// Begins a partition whose rows come next, as a page before has left it.
  mutating func beginPartition(count: Int, hasRow: Bool) {
    countInPartition = count
    partitionHasRow = hasRow
    if hasStatics { image.clearStatics() }
  }

  /// Ends the partition at hand: writes the row that has only static values, if there was no other. False: no more.
  mutating func endPartition() -> Bool {
    if let pending {
      self.pending = nil
      guard !isFull, write(pending) else { return false }
    }
    if group.isOpen {
      do throws(EngineFailure) { try endGroup() } catch { failure = error }
      if isFull { resumption = .afterPartition(partition) }
    }
    return failure == nil && !isFull
  }

  /// Whether the page has all its rows.
  var isFull: Bool { count >= pageLimit && !plan.sortsPartitions && (!plan.isAggregate || plan.grouping != nil) }

  /// Whether the partition at hand has given all that is wanted of it.
  var partitionIsDone: Bool { countInPartition >= partitionLimit || plan.isDistinct && partitionHasRow }

  // MARK: Records

  /// Takes a record of a scan.
  @inline(__always)
  mutating func accept(_ record: borrowing RecordView) throws(StorageError) -> ScanStep {
    recordCount &+= 1
    if tracksPartitions, !record.partitionPrefix.isEqual(to: partition.span) {
      guard endPartition() else { return .stop }
      partition = [UInt8](copying: record.partitionPrefix)
      beginPartition(count: 0, hasRow: false)
    }
    if record.isHead { return try hasStatics ? acceptHead(record) : .next }
    do throws(EngineFailure) {
      return try acceptRow(record)
    } catch {
      failure = error
      return .stop
    }
  }

  /// Says which partition the next records belong to, when its head has been given apart.
  mutating func enter(_ partition: PartitionKey) { if tracksPartitions { self.partition = partition.bytes } }

  /// Takes a partition's head.
  mutating func acceptHead(_ record: borrowing RecordView) throws(StorageError) -> ScanStep {
    let isLive = try image.loadHead(record)
    guard isLive, showsStaticOnly, !partitionHasRow else { return .next }
    image.loadPartition(record)
    do throws(EngineFailure) {
      guard try passes(record) else { return .next }
      var row = PendingRow(
        bytes: [], values: [], attributes: image.attributes, key: [UInt8](copying: record.key))
      if expressions.isEmpty, !plan.isAggregate {
        for slot in slots { image.write(slot, of: record, into: &row.bytes) }
      } else {
        for slot in plan.shape.columns.indices { row.values.append(image.value(slot, of: record)) }
      }
      if plan.isDistinct {
        guard write(row) else { return .stop }
        return .nextPartition
      }
      pending = row
    } catch {
      failure = error
      return .stop
    }
    return .next
  }

  @inline(__always)
  private mutating func acceptRow(_ record: borrowing RecordView) throws(EngineFailure) -> ScanStep {
    let isLive: Bool
    do throws(StorageError) {
      isLive = try image.loadRow(record)
    } catch {
      throw EngineFailure(error)
    }
    guard isLive else { return .next }
    if hasStatics {
      // A row is there, whether it passes or not: the partition is not only static.
      if !filters.isEmpty, try !passes(record) { return .next }
      pending = nil
    } else if !filters.isEmpty, try !passes(record) {
      return .next
    }
    if plan.elementCount > Self.fewElements,
      plan.elementCount * (record.bytes.count + image.staticBytes) > Self.maximumElementBytes
    {
      throw EngineFailure.invalid(
        "The statement selects \(plan.elementCount) elements of a row of \(record.bytes.count) bytes: select fewer at a "
          + "time, or the whole collection")
    }
    partitionHasRow = true
    if let grouping = plan.grouping { return try acceptGrouped(record, grouping) }
    countInPartition += 1
    if neighbours != nil {
      guard let score = score(record) else { return .next }
      var row: [UInt8] = []
      swap(&row, &body)
      try writeCells(record)
      swap(&row, &body)
      neighbours?.keep(row, score: score)
      return .next
    }
    if plan.isAggregate {
      loadValues(record)
      try accumulate()
    } else {
      if plan.sortsPartitions { sortKeys.append(try sortKey(record.note)) }
      try writeRow(record)
    }
    if partitionIsDone {
      if isFull {
        resumption = .afterPartition([UInt8](copying: record.partitionPrefix))
        return .stop
      }
      return .nextPartition
    }
    guard isFull else { return .next }
    resumption = .after([UInt8](copying: record.key))
    return .stop
  }

  /// How near the row in the image is to the vector whose neighbours are wanted; nil when it is not among them.
  @inline(__always)
  private mutating func score(_ record: borrowing RecordView) -> Float? {
    guard vectorSlot >= 0 else { return nil }
    return image.withValue(vectorSlot, of: record) { neighbours?.score($0) }
  }

  /// The ordered bytes of the columns by which rows are sorted.
  func sortKey(_ note: Span<UInt8>) throws(EngineFailure) -> [UInt8] {
    var key: [UInt8] = []
    for column in plan.sortColumns {
      guard let range = KeyLayout.component(column.position, ofNote: note) else { continue }
      try OrderedKeyEncoding.append(
        note.extracting(range), column.wire, isDescending: column.isDescending, into: &key)
    }
    return key
  }

  private mutating func passes(_ record: borrowing RecordView) throws(EngineFailure) -> Bool {
    for filter in filters {
      guard try filter.passes(&image, record) else { return false }
    }
    return true
  }

  // MARK: Rows

  @inline(__always)
  private mutating func writeRow(_ record: borrowing RecordView) throws(EngineFailure) {
    count += 1
    if plan.sortsPartitions {
      var row: [UInt8] = []
      swap(&row, &body)
      try writeCells(record)
      swap(&row, &body)
      keep(sorted: row)
    } else {
      try writeCells(record)
    }
  }

  @inline(__always)
  private mutating func writeCells(_ record: borrowing RecordView) throws(EngineFailure) {
    if expressions.isEmpty {
      for slot in slots { image.write(slot, of: record, into: &body) }
    } else {
      loadValues(record)
      try writeExpressions()
    }
  }

  mutating func loadValues(_ record: borrowing RecordView) {
    evaluator.row.removeAll(keepingCapacity: true)
    for slot in plan.shape.columns.indices { evaluator.row.append(image.value(slot, of: record)) }
    if plan.shape.hasAttributes { evaluator.attributes = image.attributes }
  }

  mutating func writeExpressions() throws(EngineFailure) {
    for expression in expressions {
      if let slice = try evaluator.value(expression).slice {
        Parts.append(slice, to: &body)
      } else {
        body.append(bigEndian: Int32(-1))
      }
    }
  }

  /// Writes a row that has only static values; false: no more.
  private mutating func write(_ row: PendingRow) -> Bool {
    do throws(EngineFailure) {
      if plan.isAggregate || !expressions.isEmpty {
        evaluator.row = row.values
        if plan.shape.hasAttributes { evaluator.attributes = row.attributes }
      }
      if plan.isAggregate {
        if plan.grouping != nil {
          group.beginWithoutRow()
          if plan.sortsPartitions { sortKeys.append([]) }
          partitionHasRow = true
        }
        try accumulate()
        return true
      }
      if plan.sortsPartitions {
        sortKeys.append([])
        sortedRows.append(row.bytes)
      } else if expressions.isEmpty {
        body.append(contentsOf: row.bytes)
      } else {
        try writeExpressions()
      }
    } catch {
      failure = error
      return false
    }
    count += 1
    countInPartition += 1
    partitionHasRow = true
    guard isFull else { return true }
    resumption = .afterPartition(partition.isEmpty ? row.key : partition)
    return false
  }

  // MARK: Aggregates

  mutating func accumulate() throws(EngineFailure) {
    if firstRow == nil {
      firstRow = evaluator.row
      firstAttributes = evaluator.attributes
    }
    for index in accumulators.indices {
      guard let argument = plan.aggregates[index].argument else {
        accumulators[index].addRow()
        continue
      }
      try accumulators[index].add(try evaluator.value(argument).slice)
    }
  }

  /// Makes what a row of many rows is computed from: the aggregates, and the values of the first of them.
  mutating func loadAggregates() throws(EngineFailure) {
    evaluator.aggregates = []
    for accumulator in accumulators {
      evaluator.aggregates.append(try accumulator.result().map { .bytes($0) } ?? .null)
    }
    guard let firstRow else {
      evaluator.row = Array(repeating: .null, count: plan.shape.columns.count)
      evaluator.attributes = Array(repeating: [], count: plan.shape.columns.count)
      return
    }
    evaluator.row = firstRow
    evaluator.attributes = firstAttributes
  }

  /// Keeps a row that has to be sorted.
  mutating func keep(sorted row: [UInt8]) {
    sortedBytes += row.count
    sortedRows.append(row)
  }

  /// Writes the one row of an aggregate, or the rows that had to be sorted, of which at most `limit`.
  mutating func finish(limit: Int) throws(EngineFailure) {
    if plan.grouping != nil {
      try endGroup()
    } else if plan.isAggregate {
      try loadAggregates()
      count = 1
      try writeExpressions()
      return
    }
    if let neighbours {
      count = neighbours.write(into: &body)
      return
    }
    guard plan.sortsPartitions else { return }
    let order = sortedRows.indices.sorted { left, right in
      if sortKeys[left] == sortKeys[right] { return left < right }
      return sortKeys[left].lexicographicallyPrecedes(sortKeys[right]) != plan.isReversed
    }
    count = min(limit, order.count)
    for index in order.prefix(count) { body.append(contentsOf: sortedRows[index]) }
  }
}
