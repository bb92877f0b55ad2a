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
/// written as soon as there is room again.
public final class ConsoleSink: LogSink {
  /// Bytes that may wait to be written: 1 MiB. A line beyond is dropped and counted.
  public static let maximumWaitingBytes = 1 << 20

  private let format: LogFormat
  private let state: LogBuffer

  /// Writes to `descriptor`, by default to standard error.
  public init(format: LogFormat = .text, descriptor: Int32 = 2) {
    self.format = format
    state = LogBuffer(descriptor: descriptor)
    state.startWriter()
  }

  deinit { state.stop() }

  /// Puts the record's line into the buffer.
  public func write(_ record: LogRecord) {
    var line: [UInt8] = []
    line.reserveCapacity(160)
    format.append(record, to: &line)
    state.append(line)
  }

  /// Returns once everything has been written that was logged before; call it before the process ends.
  ///
  /// Blocks the calling thread, so it is not for event loops.
  public func flush() { state.waitUntilWritten() }
}

/// The bytes between the threads that log and the one that writes.
private final class LogBuffer: @unchecked Sendable {
  // Sendable because everything that changes is touched only while `mutex` is held.
  private let descriptor: Int32
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [UInt8] = []
  private var dropped = 0
  private var isWriting = false
  private var isStopped = false

  init(descriptor: Int32) {
    self.descriptor = descriptor
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

  func append(_ line: [UInt8]) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard waiting.count + line.count <= ConsoleSink.maximumWaitingBytes else {
      dropped += 1
      return
    }
    let wasEmpty = waiting.isEmpty
    waiting += line
    if wasEmpty { pthread_cond_broadcast(changed) }
  }

  func waitUntilWritten() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !waiting.isEmpty || isWriting { pthread_cond_wait(changed, mutex) }
  }

  func stop() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    isStopped = true
    pthread_cond_broadcast(changed)
  }

  /// Starts the thread; it keeps this object until it has been stopped.
  func startWriter() {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let me = Unmanaged.passRetained(self).toOpaque()
    let result = pthread_create(
      &thread, nil,
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
    pthread_mutex_lock(mutex)
    while true {
      while waiting.isEmpty && !isStopped { pthread_cond_wait(changed, mutex) }
      if waiting.isEmpty { break }
      var bytes: [UInt8] = []
      swap(&bytes, &waiting)
      if dropped > 0 {
        bytes += Array("… \(dropped) log lines were dropped because they came faster than they could be written\n".utf8)
        dropped = 0
      }
      isWriting = true
      pthread_mutex_unlock(mutex)
      writeAll(bytes)
      pthread_mutex_lock(mutex)
      isWriting = false
      pthread_cond_broadcast(changed)
    }
    pthread_mutex_unlock(mutex)
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
        } else if errno != EINTR {
          return  // Nowhere is left to say that the log cannot be written.
        }
      }
    }
  }
}
