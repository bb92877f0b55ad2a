#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A small file that is read as a whole before anything runs: settings, secrets, certificates, statements.
package enum SmallFile {
  /// A file that cannot be read.
  package enum Failure: Error {
    case missing
    case unreadable(String)
    case tooLarge
  }

  /// How long somebody who writes to a pipe is waited for: 10 s. A shell that gives the output of a command as a file gives a
  /// pipe; one that nobody writes to would keep the program for ever, and signals are not heard yet.
  package static let patienceMilliseconds: Int32 = 10_000

  /// Its bytes, `limit` at most.
  package static func contents(
    of path: String, limit: Int, patienceMilliseconds: Int32 = patienceMilliseconds
  ) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, patienceMilliseconds) != 0 else {
        throw .unreadable("it is a pipe that nobody has written to for \(patienceMilliseconds) ms")
      }
      let count = read(descriptor, &piece, piece.count)
      if count == 0 { return bytes }
      guard count > 0 else {
        if errno == EINTR || errno == EAGAIN { continue }
        throw .unreadable("it is not a file that can be read")
      }
      bytes += piece.prefix(count)
      guard bytes.count <= limit else { throw .tooLarge }
    }
  }
}
