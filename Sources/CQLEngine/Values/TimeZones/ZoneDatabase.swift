import CassandraBytes
import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The system's database of time zones, read file by file when a zone is asked for.
///
/// The C library's own functions know one zone at a time, which a variable of the environment names for the whole process.
enum ZoneDatabase {
  /// Where the files are.
  private static let folder = "/usr/share/zoneinfo"
  /// Bytes of the longest file that is read: 64 KiB, twenty times what the longest has.
  static let maximumFileBytes = 64 << 10
  /// Bytes of the longest name that is looked for: 64, twice what the longest has.
  static let maximumNameBytes = 64
  /// Zones that are kept: 1,024, more than there are.
  private static let maximumZones = 1_024

  private static let known = Mutex<[[UInt8]: ZoneRules]>([:])

  /// The rules of a zone such as `Europe/Paris`; nil when the system knows none of that name.
  static func rules(of name: [UInt8]) -> ZoneRules? {
    guard isName(name) else { return nil }
    if let rules = known.withLock({ $0[name] }) { return rules }
    guard let file = read("\(folder)/\(String(decoding: name, as: UTF8.self))"), let rules = ZoneRules(file) else {
      return nil
    }
    known.withLock { known in if known.count < maximumZones { known[name] = rules } }
    return rules
  }

  /// Whether it is a name of the database: its parts begin with a capital letter, which keeps it within the folder and out
  /// of the copies in `posix` and `right`.
  private static func isName(_ name: [UInt8]) -> Bool {
    guard name.count <= maximumNameBytes else { return false }
    let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard let first = parts.first?.first, (0x41...0x5a).contains(first) else { return false }
    return parts.allSatisfy { part in
      guard let first = part.first, (0x41...0x5a).contains(first & 0xdf) else { return false }
      return part.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"): true
        default: false
        }
      }
    }
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = openFile(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    defer { closeDescriptor(descriptor) }
    var bytes = [UInt8](repeating: 0, count: maximumFileBytes)
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    return count > 0 && count < bytes.count ? Array(bytes[..<count]) : nil
  }
}
