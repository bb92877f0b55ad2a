internal import CassandraWire
internal import CassandraReactor

/// The pages of one result, on the loop that asked for it.
///
/// The next page is asked for when the one before it is handed out, so it is on its way while that is being worked on.
/// One page is held beside it and never more. When nobody asks any further, the page that is still coming is dropped.
final class PageSource {
  private let client: LoopClient
  private var execution: Execution
  private var first: Page?
  private var nextState: [UInt8]?
  private var ahead: (answer: PendingAnswer, connection: NodeConnection, began: UInt64)?
  private var connection: NodeConnection
  private var pageSize: Int32
  private var wasTaken = false
  /// Pages without rows since one that had some.
  private var emptyPages = 0
  /// Bytes that a page should not exceed; a larger one lowers the number of rows that are asked for next. By default a
  /// quarter of what an answer may have, so that rows which become wider do not end in a failure.
  var maximumPageBytes: Int

  init(_ client: LoopClient, _ execution: Execution, first: Page, from connection: NodeConnection) {
    self.client = client
    self.execution = execution
    self.first = first
    self.connection = connection
    pageSize = execution.options.pageSize
    maximumPageBytes = max(1, client.context.configuration.limits.responseBytes / 4)
  }

  /// Makes sure that the rows are read by one reader only.
  func take() throws(CassandraError) {
    guard !wasTaken else {
      throw CassandraError(
        .rowsAlreadyRead, "The rows of a result can be read once; keep them in an array to use them again.")
    }
    wasTaken = true
  }

  /// The next page; nil after the last one.
  ///
  /// - Parameter looksAhead: Whether the page after it is asked for already.
  func next(looksAhead: Bool = true) async throws(CassandraError) -> Page? {
    let page: Page
    if let first = first.take() {
      page = first
    } else {
      guard let state = nextState else { return nil }
      page = try await fetch(state)
    }
    nextState = page.pageState
    emptyPages = page.rowCount == 0 ? emptyPages + 1 : 0
    guard emptyPages <= client.context.configuration.limits.emptyPages else {
      throw CassandraError.protocolViolation(
        "\(emptyPages) pages without rows have come, and there are to be more", coordinator: connection.endPoint)
    }
    if page.byteCount > maximumPageBytes {
      pageSize = Int32(clamping: max(1, page.rowCount * maximumPageBytes / page.byteCount))
    }
    if looksAhead && execution.options.looksAhead { askForNext(after: page) }
    return page
  }

  /// The page at `state`, which is on its way already when somebody has looked ahead.
  private func fetch(_ state: [UInt8]) async throws(CassandraError) -> Page {
    execution.due = client.loop.now + execution.options.timeout.wholeMilliseconds
    let first = ahead.take().map { FirstAttempt.open($0.answer, $0.connection, since: $0.began) }
    let (reply, connection) = try await run(state, first)
    guard case .page(let page, let info) = reply else {
      throw CassandraError.protocolViolation("a page was answered without rows", coordinator: connection.endPoint)
    }
    client.noteWarnings(info)
    self.connection = connection
    return page
  }

  private func run(
    _ state: [UInt8], _ first: FirstAttempt?
  ) async throws(CassandraError) -> (Reply, NodeConnection) {
    guard let listener = client.listener else {
      return try await client.run(&execution, pageState: state, pageSize: pageSize, first: first)
    }
    let watch = RequestWatch(
      listener, ObservedRequest(id: client.takeNumber(), kind: .page, execution.statement.text))
    execution.watch = watch
    return try await watch.whole { () async throws(CassandraError) in
      let answer = try await client.run(&execution, pageState: state, pageSize: pageSize, first: first)
      return (answer, answer.1.endPoint)
    }
  }

  private func askForNext(after page: Page) {
    guard let state = page.pageState else { return }
    if !connection.isUsable, let other = client.connectionNow() { connection = other }
    execution.due = client.loop.now + execution.options.timeout.wholeMilliseconds
    if let answer = client.begin(execution, pageState: state, pageSize: pageSize, on: connection) {
      ahead = (answer, connection, LoopMetrics.now)
    }
  }

  /// Where to go on after the page that was handed out last.
  func resumeToken() -> ResumeToken? {
    guard let prepared = execution.prepared, let state = wasTaken ? nextState : first?.pageState ?? nextState else {
      return nil
    }
    return ResumeToken(
      pageState: state, version: prepared.version,
      keyspace: execution.options.keyspace ?? client.context.configuration.keyspace, text: prepared.text,
      values: execution.statement.encodedValues(prepared))
  }
}
