internal import CassandraHTTP
internal import CassandraHTTPServer

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The room on the disk of the embedded database.
enum DiskSpace {
  /// Bytes that have to be free for the API to be ready: 16 MiB. A database without room refuses what is written.
  static let leastBytes = 16 << 20

  /// Throws when there is too little room; a folder that is not there yet has none to be asked for.
  static func check(_ directory: String) throws(Problem) {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return }
    guard UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(leastBytes) else { return }
    throw Problem(.serviceUnavailable, code: "diskFull", detail: "The database's disk is full.")
  }
}
