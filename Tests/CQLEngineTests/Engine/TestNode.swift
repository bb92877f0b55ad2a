import CassandraBytes
@testable import CQLEngine
import CassandraWire
import Testing

/// An engine that keeps nothing, and one executor of it, spoken to in CQL.
final class TestNode {
  let engine: Engine
  let executor: EngineExecutor
  var session: EngineSession

  init(version: ProtocolVersion = .v5, location: EngineConfiguration.Location = .temporary) async throws {
    engine = try await Engine(EngineConfiguration(location: location))
    executor = try engine.makeExecutor(yielding: { await Task.yield() })
    session = EngineSession(version: version)
  }

  /// A node with a keyspace `ks` in use.
  static func withKeyspace(version: ProtocolVersion = .v5) async throws -> TestNode {
    let node = try await TestNode(version: version)
    try await node.run("CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    try await node.run("USE ks")
    return node
  }

  /// A page of rows.
  struct Page {
    var columns: [ColumnSpecification] = []
    var rows: [[CQLValue]] = []
    var state: [UInt8]?
    var body: [UInt8] = []
    var metadata = ResultMetadata(columnCount: 0)

    /// The rows as texts, a row a line.
    var text: String { rows.map { $0.map(\.description).joined(separator: " ") }.joined(separator: "\n") }
  }

  /// Runs a statement and gives its rows as texts.
  @discardableResult
  func run(_ text: String) async throws -> String {
    try await page(text).text
  }

  /// Runs a statement and gives its rows.
  func page(
    _ text: String, pageSize: Int32? = nil, state: [UInt8]? = nil, values: [BoundValue] = [], timestamp: Int64? = nil,
    now: Int32? = nil
  ) async throws -> Page {
    var body: [UInt8] = []
    let parameters = QueryParameters(
      consistency: .one, values: .positional(values), pageSize: pageSize, pageState: state, defaultTimestamp: timestamp,
      nowInSeconds: now)
    _ = try await executor.query(text, parameters, session: &session, into: &body)
    return try Self.page(body, session.version)
  }

  /// Prepares a statement.
  func prepare(_ text: String) throws -> PreparedResult {
    var body: [UInt8] = []
    _ = try executor.prepare(text, keyspace: nil, session: session, into: &body)
    guard
      case .result(.prepared(let result)) = try ResponseMessage(
        opcode: .result, body: body.span, version: session.version)
    else { throw TestFailure("no prepared statement") }
    return result
  }

  /// Runs a prepared statement.
  func execute(
    _ prepared: PreparedResult, _ values: [BoundValue], pageSize: Int32? = nil, state: [UInt8]? = nil,
    skipsMetadata: Bool = false
  ) async throws -> Page {
    var body: [UInt8] = []
    let parameters = QueryParameters(
      consistency: .one, values: .positional(values), skipsMetadata: skipsMetadata, pageSize: pageSize,
      pageState: state)
    _ = try await executor.execute(
      id: prepared.id[...], resultMetadataID: prepared.resultMetadataID.map { $0[...] }, parameters, session: &session,
      into: &body)
    return try Self.page(body, session.version, known: prepared.result.columns)
  }

  /// The message with which a statement fails, or nil.
  func failure(_ text: String) async -> String? {
    do {
      try await run(text)
      return nil
    } catch let failure as EngineFailure {
      return failure.response.message
    } catch {
      return "\(error)"
    }
  }

  static func page(
    _ body: [UInt8], _ version: ProtocolVersion, known: [ColumnSpecification]? = nil
  ) throws -> Page {
    guard case .result(let result) = try ResponseMessage(opcode: .result, body: body.span, version: version) else {
      throw TestFailure("no result")
    }
    guard case .rows(let rows) = result else { return Page(body: body) }
    var page = Page(state: rows.metadata.pageState, body: body, metadata: rows.metadata)
    page.columns = rows.metadata.columns ?? known ?? []
    var position = rows.content.lowerBound
    for _ in 0..<rows.rowCount {
      var row: [CQLValue] = []
      for column in page.columns {
        let range = try body.span.readBytes(&position)
        row.append(try CQLValue.decode(range, of: body.span, as: column.type))
      }
      page.rows.append(row)
    }
    guard position == body.count else { throw TestFailure("bytes follow the rows") }
    return page
  }
}

/// What a test cannot go on from.
struct TestFailure: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

extension BoundValue {
  /// A value of a type.
  static func of(_ value: some CQLEncodable, _ type: CQLType) throws -> BoundValue {
    var bytes: [UInt8] = []
    try value.encode(as: type, into: &bytes)
    return .bytes(bytes)
  }
}
