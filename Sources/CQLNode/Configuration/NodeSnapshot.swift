#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What a node held at a moment: schema and data, in a temporary file that is removed when nobody keeps the snapshot any
/// more. Any number of nodes may begin with it.
public final class NodeSnapshot: Sendable {
  /// The file.
  let path: String

  /// A place for a snapshot; nothing is there yet.
  init() {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let name = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined()
    path = "\(folder)/cql-node-snapshot-\(name)"
  }

  deinit { unlink(path) }
}
