#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What stands at a path, read with a bound.
enum BundleFile {
  enum Content {
    case bytes([UInt8])
    case folder
  }

  enum Failure: Error {
    case missing
    case unreadable(String)
    case tooLarge
  }

  /// Reads the file at `path`, `limit` bytes at most. What is neither a file nor a folder, such as a pipe that nobody
  /// writes to, is refused before anything waits for it.
  static func read(_ path: String, limit: Int) throws(Failure) -> Content {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(String(cString: strerror(errno))) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFREG: break
    default: throw .unreadable("it is neither a file nor a folder")
    }
    guard status.st_size <= limit else { throw .tooLarge }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = piece.withUnsafeMutableBytes { next(of: descriptor, into: $0) }
      guard count >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
      if count == 0 { return .bytes(bytes) }
      bytes += piece.prefix(count)
      // It may grow while it is read.
      guard bytes.count <= limit else { throw .tooLarge }
    }
  }
}

/// Outside of the type, whose own function has the name of the system's.
private func next(of descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
  while true {
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    guard count < 0, errno == EINTR else { return count }
  }
}
