internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Writes log lines to a file descriptor, from a thread of its own.
///
/// A terminal, a pipe or a full disk may block a writer for any time, and an event loop must not wait for that. So a
/// line goes into a buffer, and a thread empties it. When the buffer is full, lines are dropped and their number is
/// written as soon as there is room again. A warning or error that comes again and again is written 20 times in 10
/// seconds; then one line says how often it has come besides, as `repeated`.
public final class ConsoleSink: LogSink {
  /// Bytes that may wait to be written: 1 MiB. A line beyond is dropped and counted.
  public static let maximumWaitingBytes = 1 << 20

  /// How long ``flush()`` waits at most: 2 s. Who does not read the log must not keep the program from ending.
  public static let flushLimit: Duration = .seconds(2)

  private let state: LogBuffer

  /// The form of the lines.
  package var format: LogFormat { state.format }

  /// Puts so many lines into the buffer that have been given their form and are not urgent; each ends with a line feed. Where
  /// there is no room for all of them, none is kept.
  package func write(lines: [UInt8], count: Int) { state.append(lines: lines, count: count) }

  /// Writes to `descriptor`, by default to standard error.
  public init(format: LogFormat = .text, descriptor: Int32 = 2) {
    state = LogBuffer(descriptor: descriptor, format: format)
    state.startWriter()
  }

  deinit { state.stop() }

  /// Puts the record's line into the buffer.
  public func write(_ record: LogRecord) { state.append(record) }

  /// Returns once everything has been written that was logged before, or after ``flushLimit``; call it before the process
  /// ends.
  ///
  /// Blocks the calling thread, so it is not for event loops.
  public func flush() { state.waitUntilWritten() }
}

/// The bytes between the threads that log and the one that writes.
private final class LogBuffer: @unchecked Sendable {
  // Sendable because everything that changes is touched only while `mutex` is held.
  private let descriptor: Int32
  let format: LogFormat
  private var repeated = RepeatedLines()
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [UInt8] = []
  /// Whether something waits that is to be written at once.
  private var isUrgent = false
  /// Whether the thread waits until lines have come together.
  private var isResting = false
  private var dropped = 0
  private var isWriting = false
  private var isStopped = false

  init(descriptor: Int32, format: LogFormat) {
    self.descriptor = descriptor
    self.format = format
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func append(_ record: LogRecord) {
    let isUrgent = record.level >= .warning
    if isUrgent {
      pthread_mutex_lock(mutex)
      let takes = repeated.takes(record)
      pthread_mutex_unlock(mutex)
      guard takes else { return }
    }
    // Other threads do not wait while the line is made.
    var line: [UInt8] = []
    line.reserveCapacity(Self.usualLineBytes)
    format.append(record, to: &line)
    pthread_mutex_lock(mutex)
    append(line.span, isUrgent: isUrgent)
    pthread_mutex_unlock(mutex)
  }

  func append(lines: [UInt8], count: Int) {
    pthread_mutex_lock(mutex)
    append(lines.span, count: count, isUrgent: false)
    pthread_mutex_unlock(mutex)
  }

  /// Bytes of a buffer that is kept for the next lines: 256 KiB.
  private static let keptBytes = 256 << 10

  /// Bytes that there is room for before a line is known: 384, as much as one of an access log has.
  private static let usualLineBytes = 384

  /// With the mutex held.
  private func append(_ lines: Span<UInt8>, count: Int = 1, isUrgent: Bool = true) {
    guard waiting.count + lines.count <= ConsoleSink.maximumWaitingBytes else {
      dropped += count
      return
    }
    let wakes = isUrgent && !self.isUrgent || waiting.isEmpty && !isResting
    waiting.append(copying: lines)
    self.isUrgent = self.isUrgent || isUrgent
    if wakes { pthread_cond_broadcast(changed) }
  }

  /// With the mutex held: tells of lines that were left out, of all of them or of those whose time is over.
  private func appendRepeated(all: Bool) {
    let now = nanosecondsSince1970()
    for record in repeated.ended(by: all ? nil : now, at: now) {
      var line: [UInt8] = []
      format.append(record, to: &line)
      append(line.span)
    }
  }

  func waitUntilWritten() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    appendRepeated(all: true)
    var limit = timespec()
    clock_gettime(CLOCK_REALTIME, &limit)
    limit.tv_sec += Int(ConsoleSink.flushLimit.components.seconds)
    if !waiting.isEmpty {
      isUrgent = true
      pthread_cond_broadcast(changed)
    }
    while !waiting.isEmpty || isWriting {
      guard pthread_cond_timedwait(changed, mutex, &limit) == 0 else { return }
    }
  }

  func stop() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    isStopped = true
    pthread_cond_broadcast(changed)
  }

  /// The stack of the thread that writes: 512 KiB.
  private static let stackBytes = 512 << 10

  /// Starts the thread; it keeps this object until it has been stopped.
  func startWriter() {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let me = Unmanaged.passRetained(self).toOpaque()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackBytes)
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        // The pointer is the one passed below; Darwin's is not optional, Glibc's is.
        let pointer: UnsafeMutableRawPointer? = argument
        guard let pointer else { return nil }
        Unmanaged<LogBuffer>.fromOpaque(pointer).takeRetainedValue().writeUntilStopped()
        return nil
      }, me)
    guard result == 0 else {
      Unmanaged<LogBuffer>.fromOpaque(me).release()
      return
    }
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
  }

  private func writeUntilStopped() {
    // Two buffers change places, so that lines which come all the time need no new memory.
    var bytes: [UInt8] = []
    pthread_mutex_lock(mutex)
    while true {
      while waiting.isEmpty && !isStopped { waitForLines() }
      if isStopped { appendRepeated(all: true) }
      if waiting.isEmpty { break }
      swap(&bytes, &waiting)
      isUrgent = false
      if dropped > 0 {
        // A line as any other: whoever reads the log by its form must not stumble over this one.
        let record = LogRecord(
          nanoseconds: nanosecondsSince1970(), level: .warning, label: "log",
          message: "lines were dropped because they came faster than they could be written",
          fields: [("dropped", .integer(dropped))])
        format.append(record, to: &bytes)
        dropped = 0
      }
      isWriting = true
      pthread_mutex_unlock(mutex)
      writeAll(bytes)
      bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
      pthread_mutex_lock(mutex)
      isWriting = false
      pthread_cond_broadcast(changed)
      rest()
    }
    pthread_mutex_unlock(mutex)
  }

  /// How long lines that are not urgent wait for others after a line was written, in nanoseconds: 5 ms. A thread that is woken
  /// for each line of an access log costs more than the line.
  private static let rest = 5_000_000

  /// With the mutex held: waits until lines may have come together.
  private func rest() {
    var limit = timespec()
    clock_gettime(CLOCK_REALTIME, &limit)
    limit.tv_nsec += Self.rest
    if limit.tv_nsec >= 1_000_000_000 {
      limit.tv_nsec -= 1_000_000_000
      limit.tv_sec += 1
    }
    isResting = true
    defer { isResting = false }
    while !isUrgent && !isStopped {
      guard pthread_cond_timedwait(changed, mutex, &limit) == 0 else { return }
    }
  }

  /// With the mutex held: waits for lines, for a second at most while some have been left out.
  private func waitForLines() {
    guard repeated.hasLeftOut else {
      pthread_cond_wait(changed, mutex)
      return
    }
    var limit = timespec()
    clock_gettime(CLOCK_REALTIME, &limit)
    limit.tv_sec += 1
    pthread_cond_timedwait(changed, mutex, &limit)
    appendRepeated(all: false)
  }

  private func writeAll(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        #if canImport(Darwin)
          let result = Darwin.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        #elseif canImport(Musl)
          let result = Musl.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        #else
          let result = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        #endif
        if result > 0 {
          written += result
        } else if errno == EAGAIN {
          // Who started the program may have made the pipe one that does not wait; half a line would be left.
          var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&place, 1, -1)
        } else if errno != EINTR {
          return  // Nowhere is left to say that the log cannot be written.
        }
      }
    }
  }
}
