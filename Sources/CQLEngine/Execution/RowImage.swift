import CassandraBytes
import CassandraWire

/// Where the values of one row stand, by slot: filled anew for each record, so that reading a row allocates nothing.
struct RowImage {
  /// What a place is a range of.
  private enum Source: UInt8 {
    case nothing, record, key, note, scratch, statics
  }

  private struct Place {
    var source = Source.nothing
    var lower = 0
    var upper = 0
  }

  private let finished: FinishedShape
  private var places: [Place]
  /// Collections that are put together from their cells, each behind its length.
  private var scratch: [UInt8] = []
  /// The static values of the partition, each behind its length.
  private var statics: [UInt8] = []
  /// The ordered bytes of a value, while it is compared.
  private var keyScratch: [UInt8] = []
  private(set) var attributes: [[CellAttributes]] = []
  /// Bytes of the static values at hand.
  var staticBytes: Int { statics.count }

  init(_ finished: FinishedShape) {
    self.finished = finished
    let count = finished.shape.columns.count
    places = Array(repeating: Place(), count: count)
    if finished.hasAttributes { attributes = Array(repeating: [], count: count) }
  }

  private var shape: RowShape {
    @inline(__always) _read { yield finished.shape }
  }

  private var lastClustering: Int { finished.lastClustering }
  private var hasAttributes: Bool { finished.hasAttributes }

  // MARK: Loading

  /// Forgets the static values, at the beginning of a partition.
  mutating func clearStatics() {
    statics.removeAll(keepingCapacity: true)
    for slot in shape.staticSlots {
      places[slot] = Place()
      if hasAttributes { attributes[slot].removeAll() }
    }
  }

  /// Takes the static values of a head and says whether it has a live cell.
  mutating func loadHead(_ record: borrowing RecordView) throws(StorageError) -> Bool {
    clearStatics()
    scratch.removeAll(keepingCapacity: true)
    let isLive = try loadCells(record)
    // What follows reuses the scratch and other records: the statics are kept apart.
    for slot in shape.staticSlots {
      let place = places[slot]
      guard place.source != .nothing else { continue }
      let start = statics.count + 4
      switch place.source {
      case .record: statics.append(copying: record.bytes.extracting(place.lower - 4..<place.upper))
      default: statics.append(contentsOf: scratch[place.lower - 4..<place.upper])
      }
      places[slot] = Place(source: .statics, lower: start, upper: statics.count)
    }
    return isLive
  }

  /// Takes the values of a row and says whether it is live.
  @inline(__always)
  mutating func loadRow(_ record: borrowing RecordView) throws(StorageError) -> Bool {
    for slot in shape.regularSlots { places[slot].source = .nothing }
    if hasAttributes { for slot in shape.regularSlots { attributes[slot].removeAll(keepingCapacity: true) } }
    scratch.removeAll(keepingCapacity: true)
    let hasCells = try loadCells(record)
    guard hasCells || record.marker != nil else { return false }
    loadKey(record)
    if lastClustering >= 0 { loadNote(record.note) }
    return true
  }

  /// Takes the partition key only, for a partition that has static values and no row.
  mutating func loadPartition(_ record: borrowing RecordView) {
    for slot in shape.regularSlots { places[slot].source = .nothing }
    if hasAttributes { for slot in shape.regularSlots { attributes[slot].removeAll(keepingCapacity: true) } }
    for slot in shape.clusteringSlots where slot >= 0 { places[slot].source = .nothing }
    loadKey(record)
  }

  @inline(__always)
  private mutating func loadKey(_ record: borrowing RecordView) {
    guard !shape.partitionSlots.isEmpty else { return }
    let key = record.partitionKey
    for (slot, position) in shape.partitionSlots {
      guard shape.isCompositeKey else {
        places[slot] = Place(source: .key, lower: 0, upper: key.count)
        continue
      }
      guard let range = KeyLayout.component(position, ofComposite: key) else {
        places[slot] = Place()
        continue
      }
      places[slot] = Place(source: .key, lower: range.lowerBound, upper: range.upperBound)
    }
  }

  @inline(__always)
  private mutating func loadNote(_ note: Span<UInt8>) {
    var position = 0
    for index in 0...lastClustering {
      let slot = shape.clusteringSlots[index]
      guard note.count - position >= 4 else {
        if slot >= 0 { places[slot] = Place() }
        continue
      }
      let length = Int(note.uint32(at: position))
      let start = position + 4
      guard length <= note.count - start else {
        if slot >= 0 { places[slot] = Place() }
        continue
      }
      if slot >= 0 { places[slot] = Place(source: .note, lower: start, upper: start + length) }
      position = start + length
    }
  }

  /// Goes over the cells and says whether there is one.
  @inline(__always)
  private mutating func loadCells(_ record: borrowing RecordView) throws(StorageError) -> Bool {
    var position = record.start
    var isLive = false
    var open = OpenCollection()
    while let cell = try record.next(&position) {
      if !shape.hiddenThrough.isEmpty, Int(cell.column) < shape.hiddenThrough.count,
        cell.timestamp <= shape.hiddenThrough[Int(cell.column)]
      {
        continue
      }
      // A column that is newer than the plan makes its row live, too.
      let slot = Int(Int(cell.column) < shape.slotOfCell.count ? shape.slotOfCell[Int(cell.column)] : RowShape.unread)
      // What a dropped column has left does not.
      if slot != Int(RowShape.dropped) { isLive = true }
      guard slot >= 0 else { continue }
      if case .simple = shape.forms[slot] {
        places[slot] = Place(source: .record, lower: cell.value.lowerBound, upper: cell.value.upperBound)
      } else {
        add(cell, record, slot, &open)
      }
      if hasAttributes, shape.wantsAttributes[slot] { note(cell, record, slot) }
    }
    close(&open)
    return isLive
  }

  private mutating func note(_ cell: RecordCell, _ record: borrowing RecordView, _ slot: Int) {
    attributes[slot].append(
      CellAttributes(
        path: cell.hasPath ? [UInt8](copying: record.path(of: cell)) : [], timestamp: cell.timestamp,
        expiry: cell.ttl > 0 ? Int64(cell.seconds) : 0, now: record.now))
  }

  // MARK: Collections

  /// The collection whose cells are being read.
  private struct OpenCollection {
    var slot = -1
    var start = 0
    var count: Int32 = 0
  }

  private mutating func add(
    _ cell: RecordCell, _ record: borrowing RecordView, _ slot: Int, _ open: inout OpenCollection
  ) {
    if open.slot != slot {
      close(&open)
      open = OpenCollection(slot: slot, start: scratch.count, count: 0)
      // Room for the length, and for the number of elements where there is one.
      scratch.append(bigEndian: Int32(0))
      if case .userType = shape.forms[slot] {} else { scratch.append(bigEndian: Int32(0)) }
    }
    switch shape.forms[slot] {
    case .simple: break
    case .elements:
      scratch.append(copying: record.lengthAndValue(of: cell))
      open.count += 1
    case .map:
      let value = record.value(of: cell)
      guard let entry = MapCell(value) else { return }
      scratch.append(copying: value.extracting(0..<entry.key.upperBound))
      scratch.append(bigEndian: Int32(truncatingIfNeeded: entry.value.count))
      scratch.append(copying: value.extracting(entry.value))
      open.count += 1
    case .userType(let fields):
      let path = record.path(of: cell)
      guard path.count == 2 else { return }
      let index = Int32(path.uint16(at: 0))
      guard index < fields else { return }
      while open.count < index {
        scratch.append(bigEndian: Int32(-1))
        open.count += 1
      }
      scratch.append(copying: record.lengthAndValue(of: cell))
      open.count += 1
    }
  }

  private mutating func close(_ open: inout OpenCollection) {
    guard open.slot >= 0 else { return }
    let start = open.start
    if case .userType(let fields) = shape.forms[open.slot] {
      while open.count < fields {
        scratch.append(bigEndian: Int32(-1))
        open.count += 1
      }
    } else {
      scratch.store(bigEndian: open.count, at: start + 4)
    }
    scratch.store(bigEndian: Int32(truncatingIfNeeded: scratch.count - start - 4), at: start)
    places[open.slot] = Place(source: .scratch, lower: start + 4, upper: scratch.count)
    open.slot = -1
  }

  // MARK: Using

  /// Appends the value in a slot as a [bytes].
  @inline(__always)
  func write(_ slot: Int, of record: borrowing RecordView, into body: inout [UInt8]) {
    let place = places[slot]
    switch place.source {
    case .nothing: body.append(bigEndian: Int32(-1))
    case .record: body.append(copying: record.bytes.extracting(place.lower - 4..<place.upper))
    case .note: body.append(copying: record.note.extracting(place.lower - 4..<place.upper))
    case .scratch: body.append(contentsOf: scratch[place.lower - 4..<place.upper])
    case .statics: body.append(contentsOf: statics[place.lower - 4..<place.upper])
    case .key:
      body.append(bigEndian: Int32(truncatingIfNeeded: place.upper - place.lower))
      body.append(copying: record.partitionKey.extracting(place.lower..<place.upper))
    }
  }

  /// A copy of the value in a slot.
  func value(_ slot: Int, of record: borrowing RecordView) -> CellValue {
    let place = places[slot]
    let range = place.lower..<place.upper
    return switch place.source {
    case .nothing: .null
    case .record: .bytes([UInt8](copying: record.bytes.extracting(range)))
    case .note: .bytes([UInt8](copying: record.note.extracting(range)))
    case .scratch: .bytes(Array(scratch[range]))
    case .statics: .bytes(Array(statics[range]))
    case .key: .bytes([UInt8](copying: record.partitionKey.extracting(range)))
    }
  }

  /// Gives the bytes of the value in a slot to `body`; nil when there is none.
  @inline(__always)
  func withValue<Result>(
    _ slot: Int, of record: borrowing RecordView, _ body: (Span<UInt8>) -> Result?
  ) -> Result? {
    let place = places[slot]
    let range = place.lower..<place.upper
    return switch place.source {
    case .nothing: nil
    case .record: body(record.bytes.extracting(range))
    case .note: body(record.note.extracting(range))
    case .scratch: body(scratch.span.extracting(range))
    case .statics: body(statics.span.extracting(range))
    case .key: body(record.partitionKey.extracting(range))
    }
  }

  /// Whether there is a value in a slot.
  func hasValue(_ slot: Int) -> Bool { places[slot].source != .nothing }

  /// Gives the ordered bytes of the value in a slot to `body`; false when there is none.
  mutating func compare(
    _ slot: Int, _ type: CQLType, of record: borrowing RecordView, _ body: ([UInt8]) -> Bool
  ) throws(EngineFailure) -> Bool {
    let place = places[slot]
    let range = place.lower..<place.upper
    keyScratch.removeAll(keepingCapacity: true)
    switch place.source {
    case .nothing: return false
    case .record: try OrderedKeyEncoding.append(record.bytes.extracting(range), type, into: &keyScratch)
    case .note: try OrderedKeyEncoding.append(record.note.extracting(range), type, into: &keyScratch)
    case .scratch, .statics:
      let slice = place.source == .scratch ? scratch[range] : statics[range]
      try OrderedKeyEncoding.append(slice.span, type, into: &keyScratch)
    case .key: try OrderedKeyEncoding.append(record.partitionKey.extracting(range), type, into: &keyScratch)
    }
    return body(keyScratch)
  }
}
