/// A task that may be cancelled from elsewhere on its loop.
///
/// What notices that nobody wants a result any more, such as a connection whose peer has gone, has no task of its own to
/// cancel and no group to ask; it keeps the handle of the task that works for it. The handle keeps the task's memory, so
/// cancelling one that has ended does nothing.
package struct TaskHandle {
  private let task: UnsafeCurrentTask?

  /// The task that this code runs in.
  package static var current: TaskHandle { TaskHandle(task: withUnsafeCurrentTask { $0 }) }

  /// Cancels the task.
  package func cancel() { task?.cancel() }
}
