/// A value that belongs to one event loop and is reached on its thread only.
///
/// What belongs to a loop (handles, connections, pools, caches) is neither an actor nor behind a lock; this is how it
/// travels: the wrapper may be sent anywhere, and opening it on any other thread ends the process, in release too.
public struct LoopBound<Value>: @unchecked Sendable {
  // Sendable because `value` is reached only after the check that this is the loop's thread. Letting go of the last
  // reference may happen on any thread, so a deinit of what is kept here may free memory and do nothing else.
  /// The loop whose thread may open it.
  public let loop: EventLoop
  @usableFromInline let value: Value

  /// Binds `value` to `loop`; traps on any other thread than the loop's.
  public init(_ value: Value, on loop: EventLoop) {
    loop.preconditionIsCurrent()
    self.value = value
    self.loop = loop
  }

  /// Gives `value` away to `loop`, from any thread: nobody else can reach it any more.
  public init(giving value: sending Value, to loop: EventLoop) {
    self.value = value
    self.loop = loop
  }

  /// Gives the value to `body`; traps on any other thread than the loop's.
  @inlinable @inline(__always)
  public func withValue<Result, Failure: Error>(_ body: (Value) throws(Failure) -> Result) throws(Failure) -> Result {
    loop.preconditionIsCurrent()
    return try body(value)
  }

  /// The value, for code that stays on the loop while it awaits; traps on any other thread than the loop's.
  ///
  /// Inlinable and so public: every request opens one, and the compiler (6.3) looks a generic type up each time where it
  /// cannot inline.
  @inlinable @inline(__always)
  public var onLoop: Value {
    loop.preconditionIsCurrent()
    return value
  }
}
