import CassandraReactor
import CassandraTerminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file that tells whoever started the node where it listens.
struct ReadyFile: Sendable {
  let path: String

  /// Writes `host:port`. The file is there as a whole or not at all, so that a reader who finds it can use it.
  func write(_ address: SocketAddress) throws(UsageError) {
    let partial = "\(path).\(getpid())"
    guard let file = fopen(partial, "wx") else { throw failure }
    let text = "\(address)\n"
    let isWritten = fputs(text, file) >= 0
    guard fclose(file) == 0, isWritten, rename(partial, path) == 0 else {
      unlink(partial)
      throw failure
    }
  }

  /// Takes the file away, so that nobody looks for a node that has ended.
  func remove() { unlink(path) }

  private var failure: UsageError {
    UsageError("--ready-file: \(path) cannot be written: \(String(cString: strerror(errno))).")
  }
}

/// The process that started this one.
struct Parent: Sendable {
  /// How often it is looked for: each half second.
  private static let interval: Duration = .milliseconds(500)
  private let process = getppid()

  /// Waits until it has ended: then another one has taken its children.
  func end(on loops: EventLoops) async throws {
    while getppid() == process { try await loops.sleep(for: Self.interval) }
  }
}
