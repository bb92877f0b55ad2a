internal import CassandraBytes

/// Entries of an index that is being built, gathered from many records, to be stored in the order of their keys.
///
/// Records are read in the order of their tokens, and entries stand in that of their values. Stored where they are found
/// they would touch nearly as many pages as there are entries, each of which goes into the log as a whole. In their own
/// order they fill a page and then the next.
struct GatheredEntries {
  /// What one step has gathered.
  struct Run {
    fileprivate var bytes: [UInt8] = []
    fileprivate var places: [Range<Int>] = []
    fileprivate var position = 0

    var byteCount: Int { bytes.count + places.count * MemoryLayout<Range<Int>>.stride }

    mutating func append(_ entry: Span<UInt8>) {
      let start = bytes.count
      bytes.append(copying: entry)
      places.append(start..<bytes.count)
    }

    fileprivate mutating func sort() { places = sortedPlaces }

    private var sortedPlaces: [Range<Int>] {
      let span = bytes.span
      return places.sorted { span.extracting($0).compare(span.extracting($1)) < 0 }
    }

    /// Takes the next entry.
    fileprivate mutating func next() -> [UInt8]? {
      guard position < places.count else { return nil }
      defer { position += 1 }
      return [UInt8](copying: bytes.span.extracting(places[position]))
    }
  }

  private var runs: [Run] = []
  /// The next entry of each run that has one, as a heap: the least stands first.
  private var heap: [(entry: [UInt8], run: Int)] = []
  /// Entries that are no longer true, because their records have been changed since.
  private var removed: Set<[UInt8]> = []
  /// Bytes that all take.
  private(set) var byteCount = 0
  /// Whether they are taken one by one now, and no more are added.
  private(set) var isMerging = false

  /// Whether all have been taken.
  var isEmpty: Bool { heap.isEmpty }

  /// Adds what a step has gathered.
  mutating func add(_ run: consuming Run) {
    guard !run.places.isEmpty else { return }
    run.sort()
    byteCount += run.byteCount
    runs.append(run)
  }

  /// A record has been changed that may have been passed, and has this entry no more.
  mutating func remove(_ entry: [UInt8]) { if !runs.isEmpty { removed.insert(entry) } }

  /// Ends the gathering.
  mutating func beginMerge() {
    isMerging = true
    for run in runs.indices {
      if let entry = runs[run].next() { heap.append((entry, run)) }
    }
    for place in heap.indices.reversed() { sink(place) }
  }

  /// Takes the least entry that is still true.
  mutating func next() -> [UInt8]? {
    while let (entry, run) = heap.first {
      if let following = runs[run].next() {
        heap[0].entry = following
      } else {
        runs[run] = Run()
        let last = heap.removeLast()
        if !heap.isEmpty { heap[0] = last }
      }
      sink(0)
      if removed.isEmpty || !removed.contains(entry) { return entry }
    }
    return nil
  }

  private mutating func sink(_ place: Int) {
    var place = place
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < heap.count && heap[child].entry.isBefore(heap[least].entry) {
        least = child
      }
      guard least != place else { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
