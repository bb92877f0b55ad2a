import CassandraBytes

/// Why a request failed, as the server says (section 4.2.1, and section 9 of v4 or 8 of v5 for the codes).
///
/// To a client of an older version some errors are sent as others, as Cassandra does: an unknown outcome of a conditional
/// statement is a time-out before v5, failures are time-outs before v4.
public struct ErrorResponse: Hashable, Sendable {
  /// The number of an error; a server may send others than those named here.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int32

    /// An error by its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// A bug of the server.
    public static let serverError = Code(rawValue: 0x0000)
    /// The client broke the protocol, or asked for a version that the server does not speak.
    public static let protocolError = Code(rawValue: 0x000a)
    /// Wrong name or password.
    public static let badCredentials = Code(rawValue: 0x0100)
    /// Too few replicas were alive to begin with.
    public static let unavailable = Code(rawValue: 0x1000)
    /// The coordinator has too much to do.
    public static let overloaded = Code(rawValue: 0x1001)
    /// The coordinator is still joining and cannot read.
    public static let isBootstrapping = Code(rawValue: 0x1002)
    /// TRUNCATE failed.
    public static let truncateError = Code(rawValue: 0x1003)
    /// Too few replicas acknowledged a write in time.
    public static let writeTimeout = Code(rawValue: 0x1100)
    /// Too few replicas answered a read in time.
    public static let readTimeout = Code(rawValue: 0x1200)
    /// Replicas failed to read.
    public static let readFailure = Code(rawValue: 0x1300)
    /// A user-defined function failed.
    public static let functionFailure = Code(rawValue: 0x1400)
    /// Replicas failed to write.
    public static let writeFailure = Code(rawValue: 0x1500)
    /// A table with change data capture takes no write, because its log is full.
    public static let cdcWriteFailure = Code(rawValue: 0x1600)
    /// Nobody knows whether a conditional statement took effect (v5).
    public static let casWriteUnknown = Code(rawValue: 0x1700)
    /// The statement is no CQL.
    public static let syntaxError = Code(rawValue: 0x2000)
    /// The user may not do that.
    public static let unauthorized = Code(rawValue: 0x2100)
    /// The statement is CQL but makes no sense.
    public static let invalid = Code(rawValue: 0x2200)
    /// The statement does not fit the server's configuration.
    public static let configError = Code(rawValue: 0x2300)
    /// The keyspace, table, type, function or aggregate is there already.
    public static let alreadyExists = Code(rawValue: 0x2400)
    /// The server does not know the prepared statement, or no more.
    public static let unprepared = Code(rawValue: 0x2500)
  }

  /// What kind of write timed out or failed; a server may name others than those here.
  public struct WriteType: RawRepresentable, Hashable, Sendable {
    /// The name on the wire.
    public let rawValue: String

    /// A kind of write by its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Whether both have the same name, byte for byte. Without this one, kinds of raw values would be compared as Swift
    /// compares texts.
    public static func == (left: WriteType, right: WriteType) -> Bool { left.rawValue.hasSameBytes(as: right.rawValue) }
    /// Whether they have different names.
    public static func != (left: WriteType, right: WriteType) -> Bool { !(left == right) }
    /// Hashes the bytes of the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(ByteText(rawValue)) }

    /// One statement, no counter.
    public static let simple = WriteType(rawValue: "SIMPLE")
    /// A logged batch whose log is written: it will take effect.
    public static let batch = WriteType(rawValue: "BATCH")
    /// An unlogged batch.
    public static let unloggedBatch = WriteType(rawValue: "UNLOGGED_BATCH")
    /// A counter.
    public static let counter = WriteType(rawValue: "COUNTER")
    /// The log of a batch, which therefore took no effect.
    public static let batchLog = WriteType(rawValue: "BATCH_LOG")
    /// A conditional statement.
    public static let cas = WriteType(rawValue: "CAS")
    /// A write that has to update a view.
    public static let view = WriteType(rawValue: "VIEW")
    /// A write to a table with change data capture.
    public static let cdc = WriteType(rawValue: "CDC")
  }

  /// A replica that failed, and why (v5).
  public struct ReplicaFailure: Hashable, Sendable {
    /// The replica.
    public var endpoint: CQLInet
    /// Why it failed; in Cassandra 5.0 0 is unknown, 1 too many tombstones, 2 a time-out, 3 another schema, 4 a read
    /// too large, 5 a node that is down, 6 an index that is not ready, 7 too many indexes.
    public var reason: UInt16

    /// A replica and why it failed.
    public init(endpoint: CQLInet, reason: UInt16) {
      self.endpoint = endpoint
      self.reason = reason
    }
  }

  /// The replicas that failed: from v5 on each with its reason, before only their number.
  public enum Failures: Hashable, Sendable {
    /// Their number.
    case count(Int32)
    /// Each with its reason.
    case reasons([ReplicaFailure])

    /// Their number.
    public var count: Int {
      switch self {
      case .count(let count): Int(count)
      case .reasons(let reasons): reasons.count
      }
    }
  }

  /// What some errors tell beyond their message.
  public enum Detail: Hashable, Sendable {
    /// Nothing.
    case none
    /// Of 0x1000: `required` replicas had to be alive and `alive` were.
    case unavailable(Consistency, required: Int32, alive: Int32)
    /// Of 0x1100: of the `blockFor` replicas wanted `received` acknowledged. `contentions` is there from v5 on and only
    /// for a conditional statement: how often others were in its way.
    case writeTimeout(Consistency, received: Int32, blockFor: Int32, WriteType, contentions: UInt16?)
    /// Of 0x1200: of the `blockFor` replicas wanted `received` answered, among them the one asked for the data or not.
    case readTimeout(Consistency, received: Int32, blockFor: Int32, dataPresent: Bool)
    /// Of 0x1300.
    case readFailure(Consistency, received: Int32, blockFor: Int32, Failures, dataPresent: Bool)
    /// Of 0x1400: the function and the CQL names of its arguments' types.
    case functionFailure(keyspace: String, function: String, argumentTypes: [String])
    /// Of 0x1500.
    case writeFailure(Consistency, received: Int32, blockFor: Int32, Failures, WriteType)
    /// Of 0x1700.
    case casWriteUnknown(Consistency, received: Int32, blockFor: Int32)
    /// Of 0x2400; the table's name is empty when it is the keyspace that exists.
    case alreadyExists(keyspace: String, table: String)
    /// Of 0x2500: the id that the server does not know.
    case unprepared(id: [UInt8])
  }

  /// The number of the error.
  public var code: Code
  /// What the server has to say; it may quote the statement and its values, so it is not for strangers.
  public var message: String
  /// What this error tells beyond its message.
  public var detail: Detail

  /// An error with its message and what belongs to its code.
  public init(_ code: Code, _ message: String, detail: Detail = .none) {
    self.code = code
    self.message = message
    self.detail = detail
  }
}
