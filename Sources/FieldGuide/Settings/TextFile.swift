#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A small file, read as a whole before anything runs.
enum TextFile {
  /// A file that cannot be read.
  enum Failure: Error {
    case missing
    case unreadable(String)
    case tooLarge
  }

  /// Its bytes, `limit` at most.
  static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    guard let file = fopen(path, "rb") else {
      throw errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 {
        guard ferror(file) == 0 else { throw .unreadable("it is not a file that can be read") }
        return bytes
      }
      bytes += piece.prefix(count)
      guard bytes.count <= limit else { throw .tooLarge }
    }
  }
}
