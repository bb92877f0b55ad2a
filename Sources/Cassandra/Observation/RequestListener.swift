/// A request as a ``RequestListener`` is told of it: its text, and never its values.
public struct ObservedRequest: Sendable, Hashable {
  /// What is asked for.
  public enum Kind: Sendable, Hashable {
    /// A statement.
    case query
    /// A further page of a result.
    case page
    /// A batch; the texts are those of its statements.
    case batch
  }

  /// A number that no other request of the process has.
  public let id: UInt64
  /// What is asked for.
  public let kind: Kind
  /// The CQL, with a marker for each value; of a batch that of its first statement, and empty when it has none.
  public let text: String
  /// The CQL of the statements of a batch behind its first.
  private let furtherTexts: [String]

  /// The CQL, with a marker for each value; of a batch that of each statement.
  public var texts: [String] { kind == .batch && text.isEmpty ? [] : [text] + furtherTexts }

  /// How many statements there are.
  public var statementCount: Int { kind == .batch && text.isEmpty ? 0 : 1 + furtherTexts.count }

  init(id: UInt64, kind: Kind, _ text: String) {
    self.id = id
    self.kind = kind
    self.text = text
    furtherTexts = []
  }

  init(id: UInt64, batch texts: [String]) {
    self.id = id
    kind = .batch
    text = texts.first ?? ""
    furtherTexts = Array(texts.dropFirst())
  }
}

/// Is told of every request of a client, for tracing and logs: set as ``ClientConfiguration/requestListener``.
///
/// It is called on event loops, between other requests, so it takes what it is told and returns.
public protocol RequestListener: Sendable {
  /// A request begins; nothing has left yet.
  ///
  /// - Parameter request: What is asked for.
  func requestBegan(_ request: ObservedRequest)

  /// An attempt has ended: the node has answered, or it is not waited for any longer.
  ///
  /// - Parameters:
  ///   - request: The request that the attempt was for.
  ///   - node: Who was asked.
  ///   - duration: From the moment that it could be sent, or had to wait for its place at that node, until now.
  ///   - failure: nil when it brought the answer. A failure may be followed by another attempt.
  func attemptEnded(_ request: ObservedRequest, node: EndPoint, duration: Duration, failure: CassandraError?)

  /// The request has ended.
  ///
  /// - Parameters:
  ///   - request: The request, as it was told of when it began.
  ///   - node: Who answered last; nil when nobody was asked.
  ///   - duration: All of it, preparing and waiting included.
  ///   - attempts: How many there were.
  ///   - failure: What the caller gets; nil for an answer.
  func requestEnded(
    _ request: ObservedRequest, node: EndPoint?, duration: Duration, attempts: Int, failure: CassandraError?)
}

extension RequestListener {
  /// Does nothing.
  public func requestBegan(_ request: ObservedRequest) {}
  /// Does nothing.
  public func attemptEnded(_ request: ObservedRequest, node: EndPoint, duration: Duration, failure: CassandraError?) {}
}
