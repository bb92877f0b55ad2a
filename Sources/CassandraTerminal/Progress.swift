internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Tells a person how far a work of some steps has got: on a terminal in one line that changes, elsewhere in one line for
/// each part.
public struct Progress: Sendable {
  private let isTerminal: Bool
  private let isSilent: Bool

  /// Begins, on standard output.
  public init() {
    isTerminal = isatty(1) == 1
    isSilent = false
  }

  private init(isSilent: Bool) {
    isTerminal = false
    self.isSilent = isSilent
  }

  /// Tells nobody.
  public static let silent = Progress(isSilent: true)

  /// Says what has been done as a whole.
  public func done(_ what: String) {
    guard !isSilent else { return }
    print(isTerminal ? "\r\u{1b}[K✓ \(what.shown())" : what.shown())
    fflush(nil)
  }

  /// Says how many of how many have been done; on a terminal only.
  public func step(_ what: String, _ count: Int, of total: Int) {
    guard isTerminal else { return }
    print("\r\u{1b}[K… \(what) \(count) of \(total)", terminator: "")
    fflush(nil)
  }
}
