internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Spans between the loops that make them and the task that sends them away: bounded, and when it is full the oldest are
/// dropped and counted.
///
/// What waits is kept as bytes, and a ``TraceSpan`` is made when it is taken: nearly always nobody looks at a span, or it is
/// dropped because its collector is away. Each event loop has a place of its own, so that none waits for another.
public final class SpanQueue: SpanSink {
  /// Spans of one event loop that may wait: 4,096.
  public static let capacity = 4096

  /// Places for loops; those that come together in one wait for each other, and nothing else.
  private let places = (0..<8).map { _ in Locked(SpanPages()) }

  /// An empty queue.
  public init() {}

  /// Keeps the span until it is taken, or until so many others have come that it is dropped.
  public func record(_ span: TraceSpan) { record { $0.append(span) } }

  /// Keeps the span that is written.
  @inline(__always)
  func record(_ write: (inout SpanWriter) -> Void) {
    ownPlace.withLock { pages in
      var writer = SpanWriter(pages.takePage())
      write(&writer)
      pages.add(writer.finished())
    }
  }

  /// Keeps spans that are written one behind the other.
  func add(_ spans: [UInt8], _ count: Int) { ownPlace.withLock { $0.add(spans, count) } }

  /// The place of the thread that asks.
  private var ownPlace: Locked<SpanPages> {
    #if canImport(Glibc)
      let thread = UInt64(pthread_self())
    #else
      let thread = UInt64(UInt(bitPattern: pthread_self()))
    #endif
    // What differs between the threads' addresses is mixed into the three highest bits.
    return places[Int(((thread >> 12) &* 0x9e37_79b9_7f4a_7c15) >> 61)]
  }

  /// How many were dropped so far.
  public var droppedCount: UInt64 { places.reduce(0) { $0 + $1.withLock { $0.dropped } } }

  /// Takes up to so many, those of each loop with the oldest first.
  public func take(_ count: Int) -> [TraceSpan] {
    var taken: [TraceSpan] = []
    for place in places where taken.count < count {
      let left = count - taken.count
      taken += place.withLock { pages in pages.take(left) }
    }
    return taken
  }

  /// Whether nothing waits.
  package var isEmpty: Bool { places.allSatisfy { $0.withLock { $0.count } == 0 } }

  /// Drops up to so many and counts them, without a look at what they are.
  package func drop(_ count: Int) {
    var left = count
    for place in places where left > 0 {
      let wanted = left
      left -= place.withLock { pages in pages.drop(wanted) }
    }
  }

  /// Counts spans that were taken and could not be sent.
  package func noteDropped(_ count: Int) { places[0].withLock { $0.dropped &+= UInt64(count) } }
}

/// Written spans one behind the other, in pieces of memory that are used again.
struct SpanPages {
  /// Bytes after which another page is begun: 64 KiB.
  private static let pageBytes = 64 << 10
  /// Bytes that a span rarely exceeds: 1 KiB.
  private static let usualSpanBytes = 1 << 10
  /// Bytes of all pages: 4 MiB.
  private static let maximumBytes = 4 << 20

  /// The first is read from ``start`` on, the last is written to.
  private var pages: [[UInt8]] = []
  private var start = 0
  private var spare: [UInt8] = []
  private var bytes = 0
  private(set) var count = 0
  var dropped: UInt64 = 0

  /// Gives away the page that the next spans are written to, of so many bytes where that is known; it comes back with
  /// ``add(_:)``.
  mutating func takePage(for room: Int = 0) -> [UInt8] {
    if let last = pages.last, last.count + room < Self.pageBytes {
      var page: [UInt8] = []
      swap(&page, &pages[pages.count - 1])
      bytes -= page.count
      return page
    }
    pages.append([])
    var page: [UInt8] = []
    swap(&page, &spare)
    // The last span of a page goes beyond its end, and pages that grow are copied.
    page.reserveCapacity(max(Self.pageBytes + Self.usualSpanBytes, room))
    return page
  }

  /// Takes the page back, with one span more.
  mutating func add(_ page: consuming [UInt8]) {
    bytes += page.count
    pages[pages.count - 1] = page
    count += 1
    dropExcess()
  }

  /// Adds so many spans that are written one behind the other.
  mutating func add(_ spans: [UInt8], _ number: Int) {
    var page = takePage(for: spans.count)
    page += spans
    bytes += page.count
    pages[pages.count - 1] = page
    count += number
    dropExcess()
  }

  private mutating func dropExcess() {
    if count > SpanQueue.capacity { _ = drop(count - SpanQueue.capacity) }
    while bytes > Self.maximumBytes && count > 1 { _ = drop(1) }
  }

  /// Drops up to so many of the oldest; returns how many.
  mutating func drop(_ wanted: Int) -> Int {
    let number = min(wanted, count)
    var left = number
    while left > 0 { left -= passOldest(left) }
    dropped &+= UInt64(number)
    return number
  }

  /// Takes up to so many of the oldest.
  mutating func take(_ wanted: Int) -> [TraceSpan] {
    (0..<min(wanted, count)).map { _ in
      var reader = SpanReader(pages[0], at: start)
      let span = reader.span()
      _ = passOldest(1)
      return span
    }
  }

  /// Goes on behind up to so many of the oldest, within one page; returns how many, at least one.
  private mutating func passOldest(_ wanted: Int) -> Int {
    let page = pages[0]
    var passed = 0
    var position = start
    while passed < wanted, position < page.count {
      position += SpanReader.length(page.span, at: position)
      passed += 1
    }
    count -= passed
    start = position
    guard start == page.count else { return passed }
    bytes -= start
    start = 0
    pages.removeFirst()
    spare = consume page
    spare.removeAll(keepingCapacity: true)
    return passed
  }
}
