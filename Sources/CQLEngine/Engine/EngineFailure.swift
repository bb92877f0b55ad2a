package import CassandraWire

/// Why a request failed: the ERROR that its client gets.
package struct EngineFailure: Error, Sendable {
  /// The message for the client, with Cassandra's code and, where people see it often, its text.
  package var response: ErrorResponse
  /// What the storage said when it could not do its work. For the operator: it may name files, and no client gets it.
  package var storageDetail: String?

  /// A failure with the message that says it.
  package init(_ response: ErrorResponse) { self.response = response }

  /// A failure with a code and a text.
  package init(_ code: ErrorResponse.Code, _ message: String, detail: ErrorResponse.Detail = .none) {
    response = ErrorResponse(code, message, detail: detail)
  }
}

extension EngineFailure {
  /// The statement makes no sense (0x2200).
  static func invalid(_ message: String) -> EngineFailure { EngineFailure(.invalid, message) }

  /// The statement does not fit the server's configuration (0x2300).
  static func configuration(_ message: String) -> EngineFailure { EngineFailure(.configError, message) }

  /// The statement is no CQL (0x2000).
  static func syntax(_ message: String) -> EngineFailure { EngineFailure(.syntaxError, message) }

  /// A statement that Cassandra has and this node has not.
  static func unsupported(_ what: String) -> EngineFailure {
    EngineFailure(.invalid, "\(what) is not supported by this node; see the list of differences in its documentation")
  }
}

extension EngineFailure: CustomStringConvertible {
  /// The code and the message; it may quote the statement.
  package var description: String { "0x" + String(response.code.rawValue, radix: 16) + ": " + response.message }
}

/// Why an engine did not start.
package struct EngineStartError: Error, Sendable, CustomStringConvertible {
  /// A sentence for the operator.
  package var description: String

  /// An error explained in a sentence.
  package init(_ description: String) { self.description = description }
}

extension EngineFailure {
  /// What a client gets when the storage cannot do its work.
  init(_ error: StorageError) {
    switch error.code {
    case .overloaded: self.init(.overloaded, "\(error)")
    case .viewKeyTooLong: self.init(.invalid, "\(error)")
    case .recordTooLarge, .invalidMutation, .closed: self.init(.serverError, "\(error)")
    default:
      self.init(.serverError, "\(error)")
      storageDetail = error.logDetail
    }
  }
}
