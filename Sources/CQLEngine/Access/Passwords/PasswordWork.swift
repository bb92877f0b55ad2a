import CassandraBytes
import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

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

  private func onAnotherThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await turns.lock()
    defer { turns.unlock() }
    return unsafe await withUnsafeContinuation { caller in
      let work = PasswordThread { unsafe caller.resume(returning: body()) }
      // When the system gives no further thread, the caller's loop waits rather than the login failing.
      if !work.start() { work.body() }
    }
  }
}

/// A thread that does one thing and ends. To start one costs nothing beside a hash; the threads of the
/// global executor would do, but libdispatch, which makes them, ends a process that has no descriptor left.
private final class PasswordThread: Sendable {
  /// Its stack: 1 MiB. What hashes takes some kilobytes.
  private static let stackBytes = 1 << 20
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// Runs the body on a new thread; false when there is none to be had.
  func start() -> Bool {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, Self.stackBytes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let work = unsafe Unmanaged.passRetained(self)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let result = unsafe pthread_create(&thread, &attributes, { unsafe PasswordThread.main($0) }, work.toOpaque())
    if result != 0 { unsafe work.release() }
    return result == 0
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument = unsafe argument {
      unsafe Unmanaged<PasswordThread>.fromOpaque(argument).takeRetainedValue().body()
    }
    return nil
  }
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
