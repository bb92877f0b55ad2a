internal import CassandraBytes

/// Writes the bytes of a record, for a mutation.
///
/// Marker, deletion, note and range deletions come first, in any order; then the cells. Cells in ascending order of
/// column and path cost nothing extra; in another order they are sorted at the end, and of two for one place the one
/// that wins by the rules of ``RecordMerge`` is kept. A collection's deletion comes before its elements.
package struct RecordBuilder: ~Copyable {
  private var flags: UInt8 = 0
  private var marker: RowMarker?
  private var deletion: Deletion?
  private var note: [UInt8] = []
  private var ranges = RangeDeletions()
  private var bytes: [UInt8] = []
  private var base: Int64 = 0
  private var last = CellPlace(column: 0, rank: 0, path: 0..<0)
  private var hasCells = false
  private var isSorted = true

  /// Whether the cells are known to come in order, so that it need not be looked at.
  private let isMerge: Bool

  /// Begins a record; `reserving` is a guess of its bytes.
  package init(reserving count: Int = 128) {
    isMerge = false
    bytes.reserveCapacity(count)
  }

  /// Begins a record whose cells come in order from others, of so many bytes together.
  init(merging count: Int) {
    isMerge = true
    bytes.reserveCapacity(count)
  }

  /// Sets the row's marker (INSERT).
  package mutating func setMarker(timestamp: Int64, expiry: Expiry? = nil) {
    precondition(bytes.isEmpty, "a marker comes before the cells")
    marker = RowMarker(timestamp: timestamp, expiry: expiry)
  }

  /// Sets the deletion of the row; in a head, of the whole partition.
  package mutating func setDeletion(_ deletion: Deletion) {
    precondition(bytes.isEmpty, "a deletion comes before the cells")
    self.deletion = deletion
  }

  /// Puts bytes beside the cells that the storage only keeps, such as key values that the key's encoding loses. The
  /// note of a record that is there stays; a write brings its own only where there is none.
  package mutating func setNote(_ note: Span<UInt8>) { setNote([UInt8](copying: note)) }

  /// The same with bytes that are not copied.
  package mutating func setNote(_ note: [UInt8]) {
    precondition(bytes.isEmpty, "a note comes before the cells")
    self.note = note
  }

  /// Deletes a range of the partition's rows, by clustering bytes from `lower` up to and without `upper` (nil: to the
  /// end); heads only. See ``KeyRange/rows(of:from:upTo:)`` for the bounds.
  package mutating func addRangeDeletion(from lower: [UInt8], upTo upper: [UInt8]?, _ deletion: Deletion) {
    precondition(bytes.isEmpty, "range deletions come before the cells")
    ranges.add(RangeDeletion(lower: lower, upper: upper, deletion: deletion))
  }

  /// Adds a cell with a value. `path` names a collection's element: bytes by which elements are ordered.
  @inline(__always)
  package mutating func addCell(
    _ column: ColumnID, path: Span<UInt8>? = nil, value: Span<UInt8>, timestamp: Int64, expiry: Expiry? = nil
  ) {
    var flags: UInt8 = 0
    if expiry != nil { flags |= RecordCell.Flag.expiring }
    beginCell(column, flags, path, timestamp, expiry: expiry, localSeconds: 0)
    bytes.append(bigEndian: UInt32(value.count))
    bytes.append(copying: value)
  }

  /// Adds the deletion of a cell.
  package mutating func addTombstone(_ column: ColumnID, path: Span<UInt8>? = nil, _ deletion: Deletion) {
    beginCell(
      column, RecordCell.Flag.tombstone, path, deletion.timestamp, expiry: nil, localSeconds: deletion.localSeconds)
  }

  /// Adds the deletion of all elements of a collection written at or before the deletion's timestamp.
  package mutating func addCollectionDeletion(_ column: ColumnID, _ deletion: Deletion) {
    beginCell(
      column, RecordCell.Flag.collectionDeletion, nil, deletion.timestamp, expiry: nil,
      localSeconds: deletion.localSeconds)
  }

  /// Adds `delta` to a counter. Counters wrap as Cassandra's do.
  package mutating func addCounter(_ column: ColumnID, delta: Int64, timestamp: Int64) {
    flags |= RecordLayout.Flag.counter
    beginCell(column, RecordCell.Flag.counter, nil, timestamp, expiry: nil, localSeconds: 0)
    bytes.append(bigEndian: UInt32(8))
    bytes.append(bigEndian: delta)
  }

  /// Adds a counter's cell as it stands in another record.
  mutating func addCounter(_ column: ColumnID, value: Span<UInt8>, timestamp: Int64) {
    flags |= RecordLayout.Flag.counter
    beginCell(column, RecordCell.Flag.counter, nil, timestamp, expiry: nil, localSeconds: 0)
    bytes.append(bigEndian: UInt32(value.count))
    bytes.append(copying: value)
  }

  /// Whether cells of a record with that base timestamp may be added as they stand.
  func takesRuns(base other: Int64) -> Bool { !bytes.isEmpty && base == other }

  /// Adds cells as they stand in another record with the same base timestamp; `kinds` has the flags of all of them.
  mutating func addRun(_ cells: Span<UInt8>, kinds: UInt8) {
    if kinds & RecordCell.Flag.mortal != 0 { flags |= RecordLayout.Flag.mortal }
    if kinds & RecordCell.Flag.counter != 0 { flags |= RecordLayout.Flag.counter }
    bytes.append(copying: cells)
  }

  /// The record's bytes.
  package consuming func finish() -> [UInt8] {
    if bytes.isEmpty { begin(base: marker?.timestamp ?? deletion?.timestamp ?? 0) }
    bytes[1] |= flags
    return isSorted ? bytes : sortedRecord(bytes)
  }

  /// Whether nothing has been put into it.
  var isEmpty: Bool {
    bytes.isEmpty && marker == nil && deletion == nil && ranges.intervals.isEmpty
  }

  /// Sets what a merge has settled.
  mutating func setRanges(_ settled: RangeDeletions) { ranges = settled }

  /// Writes the head of the record.
  private mutating func begin(base: Int64) {
    self.base = base
    bytes.append(RecordLayout.version)
    bytes.append(0)
    bytes.append(bigEndian: base)
    if let marker {
      flags |= RecordLayout.Flag.marker
      if let expiry = marker.expiry {
        flags |= RecordLayout.Flag.expiringMarker | RecordLayout.Flag.mortal
        bytes.append(bigEndian: expiry.ttl)
        bytes.append(bigEndian: expiry.seconds)
      }
    }
    if let deletion {
      flags |= RecordLayout.Flag.deletion | RecordLayout.Flag.mortal
      bytes.append(bigEndian: deletion.timestamp)
      bytes.append(bigEndian: deletion.localSeconds)
    }
    if !note.isEmpty {
      flags |= RecordLayout.Flag.note
      bytes.append(bigEndian: UInt32(note.count))
      bytes.append(contentsOf: note)
    }
    if !ranges.intervals.isEmpty {
      flags |= RecordLayout.Flag.ranges | RecordLayout.Flag.mortal
      ranges.append(to: &bytes)
    }
  }

  /// Writes everything of a cell that stands before its value.
  @inline(__always)
  private mutating func beginCell(
    _ column: ColumnID, _ kind: UInt8, _ path: Span<UInt8>?, _ timestamp: Int64, expiry: Expiry?, localSeconds: UInt32
  ) {
    if bytes.isEmpty { begin(base: marker?.timestamp ?? timestamp) }
    var cell = kind
    if timestamp != base { cell |= RecordCell.Flag.ownTimestamp }
    if path != nil { cell |= RecordCell.Flag.path }
    bytes.append(cell)
    bytes.append(bigEndian: column)
    if timestamp != base { bytes.append(bigEndian: timestamp) }
    if let expiry {
      bytes.append(bigEndian: expiry.ttl)
      bytes.append(bigEndian: expiry.seconds)
    }
    if kind & (RecordCell.Flag.tombstone | RecordCell.Flag.collectionDeletion) != 0 {
      bytes.append(bigEndian: localSeconds)
    }
    if kind & RecordCell.Flag.mortal != 0 { flags |= RecordLayout.Flag.mortal }
    if isMerge {
      if let path {
        bytes.append(bigEndian: UInt32(path.count))
        bytes.append(copying: path)
      }
      return
    }
    var place = CellPlace(column: column, rank: kind & RecordCell.Flag.collectionDeletion != 0 ? 0 : 1, path: 0..<0)
    if let path {
      bytes.append(bigEndian: UInt32(path.count))
      let start = bytes.count
      bytes.append(copying: path)
      place.path = start..<bytes.count
    }
    if hasCells && isSorted { isSorted = last.isBefore(place, in: bytes.span) }
    hasCells = true
    last = place
  }
}

/// Where a cell belongs among the cells of a record: by column, a collection's deletion first, then by path.
struct CellPlace {
  var column: ColumnID
  var rank: UInt8
  /// The path's place in the record's bytes.
  var path: Range<Int>

  init(column: ColumnID, rank: UInt8, path: Range<Int>) {
    self.column = column
    self.rank = rank
    self.path = path
  }

  init(_ cell: RecordCell) {
    self.init(column: cell.column, rank: cell.isCollectionDeletion ? 0 : 1, path: cell.path)
  }

  /// Whether a cell here comes before one there, both in `bytes`.
  @inline(__always)
  func isBefore(_ other: CellPlace, in bytes: Span<UInt8>) -> Bool {
    if column != other.column { return column < other.column }
    if rank != other.rank { return rank < other.rank }
    return bytes.extracting(path).compare(bytes.extracting(other.path)) < 0
  }
}

/// A record whose cells were added in any order, with one cell for each place, in order.
///
/// Each ascending run of cells becomes a record, and neighbours are merged until one is left: the rules are those of
/// writes that follow each other, and n cells in any order cost n log n.
private func sortedRecord(_ bytes: [UInt8]) -> [UInt8] {
  do throws(StorageError) {
    let span = bytes.span
    let layout = try RecordLayout(span)
    var runs: [[UInt8]] = [[UInt8](copying: span.extracting(0..<layout.cells))]
    var position = layout.cells
    var start = position
    var last: CellPlace?
    while let cell = try RecordCell.next(span, &position, base: layout.baseTimestamp) {
      let place = CellPlace(cell)
      if !(last?.isBefore(place, in: span) ?? false) {
        var run: [UInt8] = [RecordLayout.version, bytes[1] & (RecordLayout.Flag.mortal | RecordLayout.Flag.counter)]
        run.append(bigEndian: layout.baseTimestamp)
        runs.append(run)
      }
      runs[runs.count - 1].append(copying: span.extracting(start..<position))
      start = position
      last = place
    }
    while runs.count > 1 {
      var merged: [[UInt8]] = []
      for index in stride(from: 0, to: runs.count, by: 2) {
        let first = runs[index]
        guard index + 1 < runs.count else {
          merged.append(first)
          break
        }
        let second = runs[index + 1]
        merged.append(try RecordMerge.merged(first.span, second.span))
      }
      runs = merged
    }
    return runs[0]
  } catch {
    preconditionFailure("a record that was just built does not follow its format")
  }
}
