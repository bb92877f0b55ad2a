internal import CQLWire
internal import Reactor

/// The pages of one result, on the loop that asked for it.
///
/// The next page is asked for when the one before it is handed out, so it is on its way while that is being worked on.
/// One page is held beside it and never more. When nobody asks any further, the page that is still coming is dropped.
final class PageSource {
  private let client: LoopClient
  private var execution: Execution
  private var first: Page?
  private var nextState: [UInt8]?
  private var ahead: (answer: PendingAnswer, connection: NodeConnection)?
  private var connection: NodeConnection
  private var pageSize: Int32
  private var wasTaken = false
  /// Bytes that a page should not exceed; a larger one lowers the number of rows that are asked for next.
  var maximumPageBytes = Int.max

  init(_ client: LoopClient, _ execution: Execution, first: Page, from connection: NodeConnection) {
    self.client = client
    self.execution = execution
    self.first = first
    self.connection = connection
    pageSize = execution.options.pageSize
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
  func next() async throws(CassandraError) -> Page? {
    if let page = first.take() {
      prepareNext(after: page)
      return page
    }
    guard let state = nextState else { return nil }
    execution.due = client.loop.now + execution.options.timeout.wholeMilliseconds
    var page: Page?
    if let (answer, connection) = ahead.take() {
      let outcome = await answer.value(on: client.loop, coordinator: connection.endPoint)
      switch Reply(outcome, from: connection, layout: execution.prepared?.layout) {
      case .page(let received, let info):
        client.noteWarnings(info)
        page = received
      case .failure(let error) where error.code == .cancelled: throw error
      case .failure(let error):
        let decision = RetryPolicy.decide(.init(error: error, isIdempotent: execution.isIdempotent, retries: 0))
        if decision == .fail { throw error }
      case .unprepared: break  // It is prepared again below.
      case .done, .prepared:
        throw CassandraError.protocolViolation("a page was answered without rows", coordinator: connection.endPoint)
      }
    }
    if page == nil {
      let (reply, connection) = try await client.run(&execution, pageState: state, pageSize: pageSize)
      guard case .page(let received, let info) = reply else {
        throw CassandraError.protocolViolation("a page was answered without rows", coordinator: connection.endPoint)
      }
      client.noteWarnings(info)
      self.connection = connection
      page = received
    }
    if let page { prepareNext(after: page) }
    return page
  }

  private func prepareNext(after page: Page) {
    nextState = page.pageState
    guard let state = page.pageState else { return }
    if page.byteCount > maximumPageBytes {
      pageSize = Int32(max(1, page.rowCount * maximumPageBytes / page.byteCount))
    }
    if !connection.isUsable, let other = client.connectionNow() { connection = other }
    execution.due = client.loop.now + execution.options.timeout.wholeMilliseconds
    if let answer = client.begin(execution, pageState: state, pageSize: pageSize, on: connection) {
      ahead = (answer, connection)
    }
  }

  /// Where to go on after the page that was handed out last.
  func resumeToken() -> ResumeToken? {
    guard let prepared = execution.prepared, let state = wasTaken ? nextState : first?.pageState ?? nextState else {
      return nil
    }
    return ResumeToken(
      pageState: state, version: prepared.version, keyspace: client.context.configuration.keyspace, text: prepared.text)
  }
}
