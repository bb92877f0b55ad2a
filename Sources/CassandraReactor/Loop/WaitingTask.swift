/// A task that waits for something, to be asked whether it has been cancelled.
///
/// A handler of cancellation costs a request 150 ns, which is a tenth of all that it costs in the process; asking those
/// that have waited for a while costs nothing that can be measured. The reference does not keep the task, so it may be
/// used only while the task waits, which it does until whoever holds its continuation resumes it.
package struct WaitingTask {
  // The task itself, as an address: the standard library's type would be copied and destroyed by calls at run time.
  private let address: UInt

  /// The task that this code runs in.
  package static var current: WaitingTask {
    WaitingTask(address: withUnsafeCurrentTask { task in task.map { unsafeBitCast($0, to: UInt.self) } ?? 0 })
  }

  /// No task.
  package static let none = WaitingTask(address: 0)

  /// Whether the task has been cancelled. It still waits.
  package var isCancelled: Bool {
    guard let pointer = UnsafeRawPointer(bitPattern: address) else { return false }
    let task = Unmanaged<AnyObject>.fromOpaque(pointer)
    return task._withUnsafeGuaranteedRef { unsafeBitCast($0, to: UnsafeCurrentTask.self).isCancelled }
  }
}
