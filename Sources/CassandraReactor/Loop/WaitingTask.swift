/// A task that waits for something, to be asked whether it has been cancelled.
///
/// A handler of cancellation costs a request 150 ns, which is a tenth of all that it costs in the process; asking those
/// that have waited for a while costs nothing that can be measured. The reference does not keep the task, so it may be
/// used only while the task waits, which it does until whoever holds its continuation resumes it.
package struct WaitingTask {
  // The task itself, as an address: the standard library's type would be copied and destroyed by calls at run time.
  private let address: UInt

  /// The task that waits with a continuation.
  ///
  /// A continuation that is not checked is the task that it resumes: `swift_continuation_init` returns it, and
  /// `swift_continuation_resume` takes it, in the runtime's binary interface. So nothing has to be asked. Asking for the
  /// current task costs ten times as much as all else that beginning to wait does (6.3): `withUnsafeCurrentTask` looks up how
  /// its optional is copied at run time.
  @inline(__always)
  package init<Result, Failure: Error>(of continuation: UnsafeContinuation<Result, Failure>) {
    address = unsafeBitCast(continuation, to: UInt.self)
  }

  /// Whether the task has been cancelled. It still waits.
  package var isCancelled: Bool {
    guard let pointer = UnsafeRawPointer(bitPattern: address) else { return false }
    let task = Unmanaged<AnyObject>.fromOpaque(pointer)
    return task._withUnsafeGuaranteedRef { unsafeBitCast($0, to: UnsafeCurrentTask.self).isCancelled }
  }
}
