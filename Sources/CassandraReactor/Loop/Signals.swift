internal import CCassandraUV

/// The signals of the operating system that a program acts on.
public enum Signal: Int32, Sendable, CaseIterable {
  /// Ctrl-C.
  case interrupt = 2
  /// Asks the program to end, as service managers do.
  case terminate = 15
  /// The terminal has gone; by custom, read the configuration anew.
  case hangUp = 1
}

extension EventLoop {
  /// Waits for the first of `signals`.
  ///
  /// While somebody waits, the signal does not do what it does otherwise; afterwards it does, so that a second SIGTERM
  /// ends the process at once.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  public nonisolated func signal(_ signals: Signal...) async throws -> Signal {
    try await run { try await SignalWatch(on: self).wait(for: signals) }
  }
}

private final class SignalWatch {
  private let loop: EventLoop
  private let core: LoopCore
  private var handles: [UnsafeMutablePointer<uv_signal_t>] = []
  private var waiter: UnsafeContinuation<Signal?, Never>?

  init(on loop: EventLoop) {
    self.loop = loop
    core = loop.core
  }

  func wait(for signals: [Signal]) async throws(CancellationError) -> Signal {
    let bound = LoopBound(self, on: loop)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Signal?, Never>) in
        if Task.isCancelled {
          continuation.resume(returning: nil)
        } else {
          waiter = continuation
          for signal in signals { watch(signal) }
        }
      }
    } onCancel: {
      bound.loop.post { bound.withValue { $0.finish(nil) } }
    }
    guard let result else { throw CancellationError() }
    return result
  }

  private func watch(_ signal: Signal) {
    let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
    uv_signal_init(core.uv, handle)
    core.openHandles += 1
    handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    handles.append(handle)
    uv_signal_start_oneshot(
      handle,
      { handle, number in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<SignalWatch>.fromOpaque(data).takeUnretainedValue().finish(Signal(rawValue: number))
      }, signal.rawValue)
  }

  private func finish(_ signal: Signal?) {
    guard let waiter = waiter.take() else { return }
    waiter.resume(returning: signal)
    let closing = handles
    handles = []
    for handle in closing {
      uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
        guard let data = handle?.pointee.data else { return }
        let watch = Unmanaged<SignalWatch>.fromOpaque(data).takeRetainedValue()
        watch.core.openHandles -= 1
        UnsafeMutableRawPointer(handle)?.deallocate()
      }
    }
  }
}
