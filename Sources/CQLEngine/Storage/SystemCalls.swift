#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The current time in seconds since 1970.
package let systemSeconds: @Sendable () -> Int64 = { Int64(time(nil)) }

/// Microseconds of a clock that only goes forward.
@inline(__always)
package func monotonicMicroseconds() -> Int {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return now.tv_sec &* 1_000_000 &+ now.tv_nsec / 1000
}

/// What `errno` says, for logs.
func systemMessage() -> String { unsafe String(cString: strerror(errno)) }

/// Opens a file; under its own name a type with an `open` cannot call it.
func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { unsafe open(path, flags, mode) }

/// Closes a file descriptor; under its own name a type with a `close()` cannot call it.
func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
