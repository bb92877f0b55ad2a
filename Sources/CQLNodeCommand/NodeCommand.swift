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

/// The command line of `cql-node`.
enum NodeCommand {
  static let program = Program(
    "cql-node", "A database of one node that speaks CQL, as Apache Cassandra does.",
    commands: [
      Command(
        "", "A database of one node that speaks CQL, as Apache Cassandra does.",
        details: """
          Drivers of Cassandra and cqlsh connect to it with the native protocol v3, v4 or v5. It is for development, for
          tests and for what one machine can carry. SIGTERM or Ctrl-C lets the requests in flight finish; a second one
          ends at once.
          """,
        options: [
          CommandOption("data", "DIR", "directory to keep the data in (./data)"),
          CommandOption(flag: "memory", "keep nothing: the data is gone when the node ends"),
          CommandOption(flag: "accept-data-loss", "start though files of DIR are known to have lost writes"),
          CommandOption("memory-budget", "MIB", "memory for requests and answers (512)"),
          CommandOption("host", "H", "IP address to listen on (127.0.0.1)"),
          CommandOption("port", "N", "port to listen at; 0 lets the system choose (9042)"),
          CommandOption("cluster-name", "NAME", "name of the cluster (Test Cluster)"),
          CommandOption(flag: "authenticate", "let in who logs in as a role; the first start makes a superuser"),
          CommandOption(
            "user", "NAME", "the same, with this superuser; the password is in CQL_NODE_PASSWORD or a file"),
          CommandOption("password-file", "FILE", "file with the user's password, in its first line"),
          CommandOption("tls-certificate", "FILE", "PEM file of the certificate and its chain; turns TLS on"),
          CommandOption("tls-key", "FILE", "PEM file of the certificate's private key"),
          CommandOption("tls-client-ca", "FILE", "PEM file of the authorities that sign clients' certificates"),
          CommandOption(flag: "allow-anonymous", "listen at a public address though nobody has to log in"),
          CommandOption("init", "FILE", "CQL to run at startup, before clients are served"),
          CommandOption("ready-file", "FILE", "file to write host:port to when statements are answered"),
          CommandOption(flag: "with-parent", "end when the process that started the node has ended"),
          CommandOption("loops", "N", "threads that answer (one for each core, at most 16)"),
          CommandOption("log-level", "LEVEL", "trace, debug, info, warning or error (info)"),
          CommandOption("log-format", "FORMAT", "text or json (text)"),
        ], run: run)
    ],
    closing: """
      An address that others can reach is refused unless clients have to log in, with --authenticate, --user or
      --tls-client-ca.
      """)

  @Sendable
  private static func run(_ arguments: Arguments) async throws {
    // First of all: a signal that comes while the program starts is kept.
    Signal.take(.terminate, .interrupt)
    let settings = try NodeSettings(arguments)
    let parent = settings.endsWithParent ? Parent() : nil
    let readyFile = settings.readyFile
    readyFile?.remove()
    defer { readyFile?.remove() }
    let sink = ConsoleSink(format: settings.logFormat)
    defer { sink.flush() }
    let logger = CassandraLogger(label: "node", level: settings.logLevel, sink: sink)
    for warning in settings.warnings { logger.warning("a secret is not kept", ["reason": .text(warning)]) }
    let loops = try EventLoops(count: settings.loops, logger: logger)
    // Signals are heard by a thread that plans and writes nothing, so that one is obeyed whatever the others do.
    let signals = try EventLoops(count: 1, logger: logger)
    let deadline = settings.configuration.limits.shutdownTimeout + graceAfterShutdown
    let server = try CQLServer(settings.configuration, loops: loops, logger: logger)
    let unwritten = Locked<UsageError?>(nil)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do throws(NodeError) {
          try await server.run { address in
            printLine(settings.greeting(address))
            ServiceManager.tell(.ready)
            do throws(UsageError) { try readyFile?.write(address) } catch {
              unwritten.withLock { $0 = error }
              server.shutDown()
            }
          } onFirstUser: { user in
            printLine(settings.introduction(user))
          }
        } catch { throw NodeFailure(error) }
        if let error = unwritten.withLock({ $0 }) { throw error }
      }
      // Ends the server, and the process when the server does not end in its time. It returns only with an error.
      let stop: @Sendable () async throws -> Void = {
        ServiceManager.tell(.stopping)
        server.shutDown()
        try await signals.sleep(for: deadline)
        // What was acknowledged is on the disk; the next start does the rest.
        logger.error("the node did not end in time, and is ended")
        sink.flush()
        _exit(1)
      }
      if let parent {
        group.addTask {
          try await parent.end(on: signals)
          logger.info("stopping: the process that started the node has ended")
          try await stop()
        }
      }
      group.addTask {
        let signal = try await signals[0].signal(.terminate, .interrupt)
        logger.info("stopping; a second signal ends at once", ["signal": .text("\(signal)")])
        try await stop()
      }
      // Only the server ends; who waits for signals or for the time is cancelled then.
      try await group.next()
      group.cancelAll()
      while let _ = try? await group.next() {}
    }
    await signals.shutDown()
    logger.info("stopped")
  }

  /// How much longer than its limit the node's end may take: 5 s.
  private static let graceAfterShutdown: Duration = .seconds(5)
}

/// Why the node does not run, with what the person who started it can do.
private struct NodeFailure: Error, CustomStringConvertible {
  let description: String

  init(_ error: NodeError) {
    let help =
      switch error.code {
      case .storage: " Choose another directory with --data."
      case .initialStatements: " Correct the file of --init."
      case .listening: " Choose another address with --host and --port."
      default: ""
      }
    description = "\(error).\(help)"
  }
}
