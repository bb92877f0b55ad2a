public import CassandraWire

extension ScriptedNode {
  /// A request as the node has read it.
  public struct Request: Sendable {
    /// Which connection it came on, from 1 in the order of their making.
    public let connection: Int
    /// The version of the protocol that it was sent in.
    public let version: UInt8
    /// The flags of its envelope.
    public let flags: EnvelopeFlags
    /// Its stream id.
    public let stream: Int16
    /// What kind of message it is.
    public let opcode: Opcode
    /// The message; nil when it cannot be read.
    public let message: RequestMessage?
    /// The CQL of a QUERY or a PREPARE, and of an EXECUTE whose statement is in the script.
    public internal(set) var text: String?

    /// The parameters of a QUERY or an EXECUTE.
    public var parameters: QueryParameters? {
      switch message {
      case .query(_, let parameters), .execute(_, _, let parameters): parameters
      default: nil
      }
    }
  }

  /// What the node does when a request comes.
  public indirect enum Reaction: Sendable {
    /// What it does without a rule.
    case ordinary
    /// Sends this message.
    case answer(ResponseMessage)
    /// Sends this message on another stream than the request's.
    case answerOnStream(Int16, ResponseMessage)
    /// Sends rows with their columns, and a page state when another page follows.
    case rows([ColumnSpecification], [[CQLValue]], pageState: [UInt8]? = nil)
    /// Sends a page of a statement.
    case page(ScriptedPage)
    /// Puts warnings, a trace or a payload before an answer.
    case prefixed(ResponsePrefix, Reaction)
    /// Waits for a gate to be opened.
    case after(Gate, Reaction)
    /// Never answers.
    case nothing
    /// Sends bytes as they are, in no envelope and no segment.
    case bytes([UInt8])
    /// Sends one after the other.
    case all([Reaction])
    /// Ends the connection in order.
    case close
    /// Cuts the connection.
    case reset

    /// An error of this code.
    public static func error(
      _ code: ErrorResponse.Code, _ message: String = "as scripted", _ detail: ErrorResponse.Detail = .none
    ) -> Reaction { .answer(.error(ErrorResponse(code, message, detail: detail))) }
  }

  /// Which requests a rule is for; what is nil does not matter.
  public struct Match: Sendable {
    /// The kind of message.
    public var opcode: Opcode?
    /// The CQL, as in ``Request/text``.
    public var text: String?
    /// The connection, from 1.
    public var connection: Int?
    /// How many requests that match are let by before the rule begins: 0 by default.
    public var skipping: Int
    /// How many it is for then; all by default.
    public var times: Int

    /// A rule's condition.
    public init(
      _ opcode: Opcode? = nil, text: String? = nil, connection: Int? = nil, skipping: Int = 0, times: Int = .max
    ) {
      self.opcode = opcode
      self.text = text
      self.connection = connection
      self.skipping = skipping
      self.times = times
    }

    func includes(_ request: Request) -> Bool {
      opcode ?? request.opcode == request.opcode && (text == nil || text == request.text)
        && connection ?? request.connection == request.connection
    }
  }

  /// A statement that the node knows, and its result.
  public struct Statement: Sendable {
    /// Its CQL; the id that it is prepared under depends on this alone.
    public var text: String
    /// Its bind markers.
    public var parameters: [ColumnSpecification]
    /// The places among them of the columns of the partition key.
    public var keys: [UInt16]
    /// The columns of its rows; none for a statement that gives nothing.
    public var columns: [ColumnSpecification]
    /// The rows of each page; the page state is the number of the page.
    public var pages: [[[CQLValue]]]

    /// A statement with its result.
    public init(
      _ text: String, parameters: [(String, CQLType)] = [], keys: [UInt16] = [], columns: [(String, CQLType)] = [],
      pages: [[[CQLValue]]] = [[]]
    ) {
      self.text = text
      self.keys = keys
      self.parameters = parameters.map { .init(keyspace: "scripted", table: "t", name: $0.0, type: $0.1) }
      self.columns = columns.map { .init(keyspace: "scripted", table: "t", name: $0.0, type: $0.1) }
      self.pages = pages
    }

    /// The id that it is prepared under.
    public var preparedID: [UInt8] { digest(text) }

    var id: [UInt8] { preparedID }
    var metadataID: [UInt8] { digest(columns.map { "\($0.name) \($0.type)" }.joined(separator: ",")) }
  }
}

/// 16 bytes that depend on a text.
private func digest(_ text: String) -> [UInt8] {
  var hashes: (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x9e37_79b9_7f4a_7c15)
  for byte in text.utf8 {
    hashes.0 = (hashes.0 ^ UInt64(byte)) &* 0x100_0000_01b3
    hashes.1 = (hashes.1 &+ UInt64(byte)) &* 0xff51_afd7_ed55_8ccd
  }
  return [hashes.0, hashes.1].flatMap { hash in stride(from: 56, through: 0, by: -8).map { UInt8(hash >> $0 & 0xff) } }
}
