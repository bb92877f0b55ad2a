public import CassandraWire
internal import CassandraReactor

/// Why a request to the database did not succeed, or may not have.
///
/// `description` may be shown to a stranger: it holds no CQL, no value, no name of the schema and no address. What the
/// server said, the coordinator and the cause are in `debugDescription`, for the log.
public struct CassandraError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// Kinds of failure. More may come, so a switch over them needs a default.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String
    private init(_ name: String) { description = name }

    // Of the client itself.

    /// `run()` is not running, so nothing is connected.
    public static let notRunning = Code("notRunning")
    /// `run()` has ended.
    public static let closed = Code("closed")
    /// No node can be reached at the moment.
    public static let noNodeAvailable = Code("noNodeAvailable")
    /// The connection was lost while the answer was outstanding.
    public static let connectionLost = Code("connectionLost")
    /// The answer did not come within the request's time-out.
    public static let timedOut = Code("timedOut")
    /// The task that waited was cancelled.
    public static let cancelled = Code("cancelled")
    /// As many requests wait as may wait.
    public static let queueFull = Code("queueFull")
    /// The statement cannot be sent as it is; the message says what to write instead.
    public static let invalidStatement = Code("invalidStatement")
    /// A value does not go with the column or marker that it is bound to, or their numbers differ.
    public static let invalidValue = Code("invalidValue")
    /// A row does not go with the type that it is decoded into.
    public static let undecodableRow = Code("undecodableRow")
    /// The rows of a result were read a second time.
    public static let rowsAlreadyRead = Code("rowsAlreadyRead")
    /// A page state is of another statement or of another version of the protocol, or none at all.
    public static let invalidPageState = Code("invalidPageState")
    /// An answer is larger than ``ClientLimits/responseBytes``.
    public static let responseTooLarge = Code("responseTooLarge")
    /// The server broke the protocol.
    public static let protocolViolation = Code("protocolViolation")
    /// A setting of the client cannot be used.
    public static let configuration = Code("configuration")
    /// The server wants credentials and the client has none.
    public static let credentialsMissing = Code("credentialsMissing")
    /// The keyspace of the settings does not exist.
    public static let keyspaceMissing = Code("keyspaceMissing")

    // Of the server: native protocol v5, section 8.

    /// 0x0000: a defect of the server.
    public static let serverError = Code("serverError")
    /// 0x000A: the server did not understand the message.
    public static let protocolError = Code("protocolError")
    /// 0x0100: the credentials are wrong.
    public static let badCredentials = Code("badCredentials")
    /// 0x1000: not enough replicas are alive; nothing was done.
    public static let unavailable = Code("unavailable")
    /// 0x1001: the coordinator has too much to do.
    public static let overloaded = Code("overloaded")
    /// 0x1002: the coordinator is still joining.
    public static let isBootstrapping = Code("isBootstrapping")
    /// 0x1003: a TRUNCATE failed.
    public static let truncateError = Code("truncateError")
    /// 0x1100: not enough replicas acknowledged the write in time; it may have been done.
    public static let writeTimeout = Code("writeTimeout")
    /// 0x1200: not enough replicas answered the read in time.
    public static let readTimeout = Code("readTimeout")
    /// 0x1300: replicas failed while they read.
    public static let readFailure = Code("readFailure")
    /// 0x1400: a user-defined function failed.
    public static let functionFailure = Code("functionFailure")
    /// 0x1500: replicas failed while they wrote.
    public static let writeFailure = Code("writeFailure")
    /// 0x1600: the log of changes is full.
    public static let cdcWriteFailure = Code("cdcWriteFailure")
    /// 0x1700: a conditional write met others, and what became of it is unknown.
    public static let casWriteUnknown = Code("casWriteUnknown")
    /// 0x2000: the statement is not CQL.
    public static let syntaxError = Code("syntaxError")
    /// 0x2100: the user may not do this.
    public static let unauthorized = Code("unauthorized")
    /// 0x2200: the statement is CQL and makes no sense here.
    public static let invalid = Code("invalid")
    /// 0x2300: the statement goes against the server's configuration.
    public static let configError = Code("configError")
    /// 0x2400: the keyspace or table exists already.
    public static let alreadyExists = Code("alreadyExists")
    /// 0x2500: the server has forgotten a prepared statement, again and again.
    public static let unprepared = Code("unprepared")
    /// A code that this client does not know.
    public static let otherServerError = Code("otherServerError")
  }

  private final class Storage: Sendable {
    let code: Code
    let message: String
    let logDetail: String
    let server: ErrorResponse?
    let coordinator: EndPoint?
    let isRetrySafe: Bool
    let cause: (any Error)?
    let file: StaticString
    let line: UInt
    /// Where the call stands that threw it, once it has left the client.
    let caller: (file: StaticString, line: UInt)?

    /// A copy that differs in this.
    init(_ other: Storage, isRetrySafe: Bool? = nil, caller: (file: StaticString, line: UInt)? = nil) {
      code = other.code
      message = other.message
      logDetail = other.logDetail
      server = other.server
      coordinator = other.coordinator
      self.isRetrySafe = isRetrySafe ?? other.isRetrySafe
      cause = other.cause
      file = other.file
      line = other.line
      self.caller = caller ?? other.caller
    }

    init(
      code: Code, message: String, logDetail: String, server: ErrorResponse?, coordinator: EndPoint?, isRetrySafe: Bool,
      cause: (any Error)?, file: StaticString, line: UInt
    ) {
      self.code = code
      self.message = message
      self.logDetail = logDetail
      self.server = server
      self.coordinator = coordinator
      self.isRetrySafe = isRetrySafe
      self.cause = cause
      self.file = file
      self.line = line
      caller = nil
    }
  }

  // One reference, so that a result that carries an error is no larger than one that does not.
  private let storage: Storage

  private init(_ storage: Storage) { self.storage = storage }

  /// The same error, thrown by a call that stands there.
  @inline(never)
  func called(at file: StaticString, _ line: UInt) -> CassandraError {
    CassandraError(Storage(storage, caller: (file, line)))
  }

  /// The same error with another answer to whether the request may be sent again.
  func withRetrySafety(_ isRetrySafe: Bool) -> CassandraError {
    guard isRetrySafe != self.isRetrySafe else { return self }
    return CassandraError(Storage(storage, isRetrySafe: isRetrySafe))
  }

  /// Makes an error.
  package init(
    _ code: Code, _ message: String, logDetail: String = "", server: ErrorResponse? = nil, coordinator: EndPoint? = nil,
    isRetrySafe: Bool = false, cause: (any Error)? = nil, file: StaticString = #fileID, line: UInt = #line
  ) {
    storage = Storage(
      code: code, message: message, logDetail: logDetail, server: server, coordinator: coordinator,
      isRetrySafe: isRetrySafe,
      cause: cause, file: file, line: line)
  }

  /// The kind of failure.
  public var code: Code { storage.code }
  /// What the server reported, with the counts that belong to its code; nil for a failure of the client.
  public var server: ErrorResponse? { storage.server }
  /// The node that was asked, when one was.
  public var coordinator: EndPoint? { storage.coordinator }
  /// Whether the request is known not to have been carried out, so that sending it again cannot do it twice. A request
  /// that is idempotent may be sent again in any case.
  public var isRetrySafe: Bool { storage.isRetrySafe }
  /// What caused it, such as a failure of the connection.
  public var cause: (any Error)? { storage.cause }
  /// The place in this package's source where it was made.
  public var location: String { "\(storage.file):\(storage.line)" }
  /// The place in the caller's source of the ``CassandraClient/query(_:options:file:line:)`` or
  /// ``CassandraClient/batch(_:options:file:line:_:)`` that failed; nil for a failure of something else, such as of the
  /// next page.
  public var callSite: String? { storage.caller.map { "\($0.file):\($0.line)" } }

  /// A sentence; may be shown to a stranger.
  public var description: String { storage.message }

  /// All that is known.
  public var debugDescription: String {
    var text = "\(code): \(storage.message)"
    if !storage.logDetail.isEmpty { text += " \(storage.logDetail)" }
    if let server { text += " — the server says: \(server.message)" }
    if let coordinator { text += " — coordinator \(coordinator)" }
    if let cause { text += " — cause: \(String(reflecting: cause))" }
    if let callSite { text += " — called at \(callSite)" }
    return text + " [\(location)]"
  }
}

extension CassandraError {
  /// The error for an ERROR of the server.
  init(server error: ErrorResponse, coordinator: EndPoint?) {
    let kind = ServerErrorKind(error.code)
    self.init(
      kind.code, kind.message, server: error, coordinator: coordinator, isRetrySafe: kind.nothingWasDone)
  }

  /// The connection was lost, or what came over it could not be read.
  static func connectionLost(_ cause: (any Error)?, coordinator: EndPoint) -> CassandraError {
    CassandraError(
      .connectionLost, "The connection to the database was lost before the answer came.", coordinator: coordinator,
      cause: cause)
  }

  static func protocolViolation(_ message: String, coordinator: EndPoint?, cause: (any Error)? = nil) -> CassandraError
  {
    CassandraError(
      .protocolViolation, "The database sent something that violates the protocol.", logDetail: message,
      coordinator: coordinator, cause: cause)
  }

  static func cancelled(coordinator: EndPoint?) -> CassandraError {
    CassandraError(.cancelled, "The request was cancelled.", coordinator: coordinator)
  }

  static func needsNewerProtocol(_ option: String) -> CassandraError {
    CassandraError(
      .invalidStatement, "The option \(option) needs protocol version 5, which the database does not speak.",
      isRetrySafe: true)
  }

  static func unsendable(_ error: WireError) -> CassandraError {
    CassandraError(
      .invalidStatement, "The statement cannot be sent: \(error.reason)", isRetrySafe: true, cause: error)
  }

  /// What a refusal means on a connection whose keyspace does not exist.
  static func keyspaceMissing(_ refusal: CassandraError) -> CassandraError {
    CassandraError(
      .keyspaceMissing, "The configured keyspace does not exist in the database.", server: refusal.server,
      coordinator: refusal.coordinator, isRetrySafe: true)
  }

  @usableFromInline @inline(never)
  package static func undecodable(_ error: RowError) -> CassandraError {
    CassandraError(
      .undecodableRow, "A row does not have the expected values: \(error)", logDetail: "column \(error.column)",
      cause: error)
  }

  @usableFromInline @inline(never)
  static func undecodable(_ error: CQLValueError) -> CassandraError {
    CassandraError(
      .undecodableRow, "The result does not have the expected columns: \(error)",
      logDetail: error.debugDescription, cause: error)
  }

  /// Whether another node may still do what this one did not.
  var isOfOneNode: Bool {
    [
      .connectionLost, .timedOut, .noNodeAvailable, .queueFull, .overloaded, .serverError, .unavailable,
      .isBootstrapping, .readTimeout, .readFailure,
    ].contains(code)
  }
}

/// What a code of the server means to a caller.
private struct ServerErrorKind {
  var code: CassandraError.Code
  var message: String
  var nothingWasDone = false

  init(_ code: ErrorResponse.Code) {
    switch code {
    case .serverError: (self.code, message) = (.serverError, "The database reported an internal error.")
    case .protocolError: (self.code, message) = (.protocolError, "The database did not understand the request.")
    case .badCredentials: (self.code, message) = (.badCredentials, "The database rejected the credentials.")
    case .unavailable: (self.code, message) = (.unavailable, "Too few replicas of the data are alive.")
    case .overloaded: (self.code, message) = (.overloaded, "The database is overloaded.")
    case .isBootstrapping: (self.code, message) = (.isBootstrapping, "The database is still starting.")
    case .truncateError: (self.code, message) = (.truncateError, "The table could not be truncated.")
    case .writeTimeout:
      self.code = .writeTimeout
      message = "The database did not confirm the write in time; it may still have been applied."
    case .readTimeout: (self.code, message) = (.readTimeout, "The database did not answer the read in time.")
    case .readFailure: (self.code, message) = (.readFailure, "Replicas of the data failed while reading.")
    case .functionFailure: (self.code, message) = (.functionFailure, "A user-defined function failed.")
    case .writeFailure: (self.code, message) = (.writeFailure, "Replicas of the data failed while writing.")
    case .cdcWriteFailure: (self.code, message) = (.cdcWriteFailure, "The database's change data capture log is full.")
    case .casWriteUnknown:
      self.code = .casWriteUnknown
      message = "The outcome of a conditional write is unknown, because it competed with others."
    case .syntaxError: (self.code, message) = (.syntaxError, "The statement is not valid CQL.")
    case .unauthorized: (self.code, message) = (.unauthorized, "The database user is not allowed to do this.")
    case .invalid: (self.code, message) = (.invalid, "The database rejected the statement.")
    case .configError:
      self.code = .configError
      message = "The database's configuration does not allow the statement."
    case .alreadyExists: (self.code, message) = (.alreadyExists, "The keyspace or table already exists.")
    case .unprepared: (self.code, message) = (.unprepared, "The database keeps forgetting a prepared statement.")
    default: (self.code, message) = (.otherServerError, "The database reported an error.")
    }
    nothingWasDone = [.unavailable, .isBootstrapping, .unprepared, .syntaxError, .unauthorized, .invalid].contains(code)
  }
}
