/// From where a task and its child tasks learn which span is under way.
///
/// A task that serves one request after the other is bound to one scope, which gets another span for each request: binding a
/// task-local value for each would cost four changes of executor. See ``SpanBinding``.
final class SpanScope: @unchecked Sendable {
  // Sendable because it is written only by the task that is bound to it, between two requests, when no other task has it:
  // child tasks have ended by then, and a scope that any other task has copied is not written any more.
  /// The span that is under way; nil where none is recorded.
  fileprivate(set) var context: SpanContext?

  @TaskLocal static var current: SpanScope?

  init(_ context: SpanContext?) { self.context = context }
}

extension SpanContext {
  /// The span that is under way in this task, when requests are traced.
  public static var current: SpanContext? { SpanScope.current?.context }

  /// Runs `body` as a part of a span: what is asked of others in it, such as a query, belongs to that. With nil, nothing of it
  /// is recorded.
  public static func withCurrent<Result, Failure: Error>(
    _ context: SpanContext?, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome = SpanScope.$current.withValue(SpanScope(context)) {
      Swift.Result { () throws(Failure) in try body() }
    }
    return try outcome.get()
  }

  /// Runs `body` as a part of a span: what is asked of others in it, such as a query, belongs to that. With nil, nothing of it
  /// is recorded.
  public nonisolated(nonsending) static func withCurrent<Result>(
    _ context: SpanContext?, _ body: () async throws -> Result
  ) async rethrows -> Result {
    try await SpanScope.$current.withValue(SpanScope(context)) { try await body() }
  }
}

/// Binds a task that serves requests to a scope, and tells it of their spans. It belongs to that task.
///
/// A task that is no child, `Task { … }`, gets copies of the task-local values and may outlive the request that it was made
/// for, whose span it has to keep. The runtime says nothing of such copies, but each of them counts as a reference. So before
/// the scope gets another span, its references are counted; when there are more than before any request, the scope is left to
/// those who have them, and the task is bound to a new one. Nothing but spans depends on the count.
package final class SpanBinding {
  private var scope: SpanScope?
  /// References that there are while nobody shares the scope.
  private var references = UInt.max
  /// Requests that have begun, up to ``countedRequests``.
  private var begun = 0
  /// Requests at whose beginning the references are counted: 2. By then whoever binds the value has all that it keeps.
  private static let countedRequests = 2

  /// Binds nothing yet.
  package init() {}

  /// Runs `body` with a new scope. It serves requests until ``isShared`` is true after one of them.
  package func bind<Result>(_ body: () async -> Result) async -> Result {
    await SpanScope.$current.withValue(SpanScope(nil)) {
      scope = SpanScope.current
      references = .max
      begun = 0
      defer { scope = nil }
      return await body()
    }
  }

  /// A request begins, whose span this is; within ``bind(_:)``, and while nobody shares the scope.
  package func begin(_ context: SpanContext?) {
    // Whether whoever binds the value keeps a reference of its own besides is up to the optimizer; by the second request it
    // has what it is going to have.
    if begun < Self.countedRequests {
      begun += 1
      references = min(references, count())
    }
    scope?.context = context
  }

  /// Whether another task has the scope.
  package var isShared: Bool { count() > references }

  /// One place, so that what it holds itself is the same each time.
  @inline(never)
  private func count() -> UInt {
    guard let scope else { return 0 }
    return _getRetainCount(scope)
  }
}
