import CassandraBytes
import Synchronization

/// Does the work of passwords on threads that no event loop has, one at a time, so that whoever tries many takes no more
/// of the machine than that.
final class PasswordWork: Sendable {
  /// Hashes that are made at a time: 1.
  private let turns = AsyncLock()

  /// The hash of a password; nil when it cannot be hashed.
  func hash(_ password: [UInt8]) async -> String? {
    await onAnotherThread { PasswordHash.make(password) }
  }

  /// Whether a password is that of a hash.
  func isHash(_ hash: String, of password: [UInt8]) async -> Bool {
    await onAnotherThread { PasswordHash.isHash(hash, of: password) }
  }

  /// Takes as long as ``isHash(_:of:)`` and is never true.
  func refuse(_ password: [UInt8]) async {
    _ = await onAnotherThread { PasswordHash.isHash(PasswordHash.decoy, of: password) }
  }

  private func onAnotherThread<Result: Sendable>(_ body: @Sendable () -> Result) async -> Result {
    await turns.lock()
    defer { turns.unlock() }
    return await withTaskExecutorPreference(globalConcurrentExecutor) { await Self.run(body) }
  }

  @concurrent private static func run<Result: Sendable>(_ body: @Sendable () -> Result) async -> Result { body() }
}

/// Passwords that were right, so that the next connection of the same client need not wait for a hash: of each role the
/// code of one, made with a key that is nowhere but in this process.
struct PasswordProofs {
  private let keys = (SipKey.random(), SipKey.random())
  private var proofs: [ByteText: (hash: String?, code: [UInt64])] = [:]
  /// Roles that are remembered: 4,096. When there are more, all are forgotten.
  private static let limit = 4_096

  /// Notes that a password is right for as long as the role has this hash.
  mutating func add(_ password: [UInt8], of role: String, hash: String?) {
    if proofs.count >= Self.limit { proofs.removeAll() }
    proofs[ByteText(role)] = (hash, code(password))
  }

  /// Whether it is known that a password is right for a role that has this hash.
  func has(_ password: [UInt8], of role: String, hash: String?) -> Bool {
    guard let proof = proofs[ByteText(role)] else { return false }
    let given = code(password)
    // Both halves are always compared, so that the time tells nothing about either.
    let difference = (given[0] ^ proof.code[0]) | (given[1] ^ proof.code[1])
    return difference == 0 && proof.hash?.utf8.elementsEqual(hash?.utf8 ?? "".utf8) ?? (hash == nil)
  }

  private func code(_ password: [UInt8]) -> [UInt64] {
    [SipHash.code(password.span, keys.0), SipHash.code(password.span, keys.1)]
  }
}
