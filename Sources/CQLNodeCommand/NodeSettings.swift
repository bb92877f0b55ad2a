import CQLNode
import CassandraReactor
import CassandraTelemetry
import CassandraTerminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the command line, the environment and the files that they name say about a node.
struct NodeSettings: Sendable {
  /// The environment variable with the password of `--user`: an argument could be read by every user of the machine.
  static let passwordVariable = "CQL_NODE_PASSWORD"
  /// Loops when `--loops` does not say: one for each core, at most 16.
  static let maximumDefaultLoops = 16
  /// Bytes of a file of PEM, of CQL or of a password: 1 MiB.
  private static let maximumFileBytes = 1 << 20

  var configuration = NodeConfiguration()
  let loops: Int
  /// The file that tells where the node listens; nil for none.
  let readyFile: ReadyFile?
  /// Whether the node ends when the process that started it has ended.
  let endsWithParent: Bool
  let logLevel: LogLevel
  let logFormat: LogFormat
  /// What the operator should know before the node starts.
  private(set) var warnings: [String] = []

  init(_ arguments: Arguments) throws(UsageError) {
    let host = arguments["host"] ?? "127.0.0.1"
    let port = try arguments.integer("port", in: 0...65_535) ?? 9042
    guard let address = try? SocketAddress(host == "localhost" ? "127.0.0.1" : host, port: port) else {
      throw UsageError("--host takes an IP address, such as 127.0.0.1, ::1 or 0.0.0.0, not '\(host)'.")
    }
    configuration.address = address
    guard arguments["ready-file"] != "" else { throw UsageError("--ready-file takes the path of a file.") }
    readyFile = arguments["ready-file"].map { ReadyFile(path: $0) }
    endsWithParent = arguments.has("with-parent")
    loops = try arguments.integer("loops", in: 1...256) ?? min(EventLoops.availableCores, Self.maximumDefaultLoops)
    logLevel = try Self.level(arguments["log-level"] ?? "info")
    switch arguments["log-format"] ?? "text" {
    case "text": logFormat = .text
    case "json": logFormat = .json
    case let other: throw UsageError("--log-format takes text or json, not '\(other)'.")
    }
    if let name = arguments["cluster-name"] {
      guard !name.isEmpty else { throw UsageError("--cluster-name takes a name.") }
      configuration.clusterName = name
    }
    configuration.storage = try Self.storage(arguments)
    if let budget = try arguments.integer("memory-budget", in: 16...1_048_576) {
      configuration.limits.memoryBytes = budget << 20
      configuration.limits.answerBytes = min(configuration.limits.answerBytes, budget << 20)
      configuration.limits.connectionMemoryBytes = min(configuration.limits.connectionMemoryBytes, budget << 18)
    }
    configuration.acceptsLoss = arguments.has("accept-data-loss")
    configuration.user = try Self.user(arguments)
    configuration.hasRoles = arguments.has("authenticate")
    for option in ["password-file", "tls-key"] {
      guard let path = arguments[option], Self.isReadableByOthers(path) else { continue }
      warnings.append("\(path) can be read by other users of this machine; make it yours alone with chmod 600")
    }
    configuration.tls = try Self.tls(arguments)
    if let path = arguments["init"] {
      configuration.initialStatements = String(decoding: try Self.read(path, option: "init"), as: UTF8.self)
    }
    configuration.allowsAnonymousAccess = arguments.has("allow-anonymous")
    let isGuarded = configuration.hasRoles || configuration.user != nil || configuration.tls?.clientAuthorities != nil
    guard address.isLoopback || isGuarded || configuration.allowsAnonymousAccess else {
      throw UsageError(
        """
        \(host) can be reached by others than this machine, and nobody would have to log in. Give --authenticate, or \
        --user, or --tls-client-ca, or say --allow-anonymous.
        """)
    }
  }

  private static func level(_ name: String) throws(UsageError) -> LogLevel {
    guard let level = LogLevel.allCases.first(where: { "\($0)" == name }) else {
      throw UsageError("--log-level takes trace, debug, info, warning or error, not '\(name)'.")
    }
    return level
  }

  private static func storage(_ arguments: Arguments) throws(UsageError) -> NodeConfiguration.Storage {
    guard arguments["data"] != "" else { throw UsageError("--data takes the path of a directory.") }
    guard arguments.has("memory") else { return .directory(arguments["data"] ?? "data") }
    guard arguments["data"] == nil else { throw UsageError("--data and --memory exclude each other.") }
    return .memory
  }

  private static func user(_ arguments: Arguments) throws(UsageError) -> NodeUser? {
    guard let name = arguments["user"] else {
      guard arguments["password-file"] == nil else { throw UsageError("--password-file is for --user NAME.") }
      return nil
    }
    guard !name.isEmpty else { throw UsageError("--user takes a name.") }
    let password: String
    if let path = arguments["password-file"] {
      let text = String(decoding: try read(path, option: "password-file"), as: UTF8.self)
      password = String(text.prefix { !$0.isNewline })
      guard !password.isEmpty else { throw UsageError("the first line of \(path) has no password.") }
    } else {
      guard let variable = getenv(passwordVariable), variable.pointee != 0 else {
        throw UsageError("--user needs a password in the environment variable \(passwordVariable) or --password-file.")
      }
      password = String(cString: variable)
    }
    return NodeUser(name: name, password: Secret(password))
  }

  private static func tls(_ arguments: Arguments) throws(UsageError) -> NodeTLS? {
    let certificate = arguments["tls-certificate"]
    let key = arguments["tls-key"]
    let authorities = arguments["tls-client-ca"]
    guard let certificate, let key else {
      guard certificate == nil, key == nil, authorities == nil else {
        throw UsageError("TLS needs both --tls-certificate and --tls-key.")
      }
      return nil
    }
    var tls = NodeTLS(
      identity: TLSIdentity(
        certificateChain: try read(certificate, option: "tls-certificate"),
        privateKey: try read(key, option: "tls-key"), file: certificate))
    if let authorities { tls.clientAuthorities = .authorities(pem: try read(authorities, option: "tls-client-ca")) }
    return tls
  }

  /// Whether other users may read a file that holds a secret.
  private static func isReadableByOthers(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & 0o044 != 0
  }

  private static func read(_ path: String, option: String) throws(UsageError) -> [UInt8] {
    do throws(SmallFile.Failure) { return try SmallFile.contents(of: path, limit: maximumFileBytes) } catch {
      switch error {
      case .missing: throw UsageError("--\(option): \(path) cannot be read: \(String(cString: strerror(ENOENT))).")
      case .unreadable(let reason): throw UsageError("--\(option): \(path) cannot be read: \(reason).")
      case .tooLarge: throw UsageError("--\(option): \(path) has more than 1 MiB.")
      }
    }
  }

  /// What is said once, of the superuser that the first start makes.
  func introduction(_ user: NodeUser) -> String {
    "cql-node: the superuser \(user.name) has the password \(user.password.reveal()), which is not told again"
  }

  /// One line that says where the node listens and keeps its data.
  func greeting(_ address: SocketAddress) -> String {
    let place: String
    switch configuration.storage {
    case .directory(let path): place = "data in \(path)"
    case .memory, .snapshot: place = "nothing is kept"
    }
    let security = configuration.tls == nil ? "" : ", TLS"
    let login = configuration.user.map { ", user \($0.name)" } ?? (configuration.hasRoles ? ", roles" : "")
    return "cql-node: listening at \(address), \(place)\(security)\(login)"
  }
}
