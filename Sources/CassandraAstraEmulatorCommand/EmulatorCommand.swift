import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import CassandraTerminal

/// The command line of `astra-emulator`.
enum EmulatorCommand {
  static let program = Program(
    "astra-emulator", "An Astra database on this machine, as strict as a real one, without an account.",
    commands: [
      Command(
        "", "An Astra database on this machine, as strict as a real one, without an account.",
        details: """
          Runs a node of our own behind a metadata service and a proxy like Astra's, and writes a secure connect bundle and
          a file of settings for it. Nothing of the database is kept. Ctrl-C or SIGTERM ends it.
          """,
        options: [
          CommandOption("folder", "DIR", "where the bundle and the settings are written (./data/astra)"),
          CommandOption("keyspace", "NAME", "keyspace to make, as the portal does (naturalist)"),
          CommandOption("nodes", "N", "nodes that the database seems to have (3)"),
          CommandOption("fault", "NAME", "what is to be wrong with it (nothing)"),
        ], run: run)
    ],
    closing: "faults:\n" + Fault.all.map { "  \($0.name)\($0.padding)\($0.help)" }.joined(separator: "\n"))

  private static let datacenter = "datacenter1"

  @Sendable
  private static func run(_ arguments: Arguments) async throws {
    let folder = EmulatorFolder(arguments["folder"] ?? "data/astra")
    let keyspace = arguments["keyspace"] ?? "naturalist"
    let count = try arguments.integer("nodes", in: 1...16) ?? 3
    let fault = try arguments["fault"].map { name throws(UsageError) in try Fault.named(name) }
    try await EmbeddedNode.withNode { node in
      if fault?.makesKeyspace != false { try await make(keyspace, at: node) }
      var configuration = AstraConfiguration(nodes: Array(repeating: .embedded(node.address), count: count))
      configuration.keyspace = keyspace
      configuration.localDatacenter = datacenter
      let database = configuration
      try await AstraEmulator.withEmulator(database) { emulator in
        try await fault?.apply(to: emulator)
        try folder.write(
          emulator, certificate: fault?.certificate ?? .ordinary,
          token: fault?.hasWrongToken == true ? AstraConfiguration.makeToken() : database.token, keyspace: keyspace)
        announce(emulator, folder, fault)
        // A loop of its own, because those of the emulator are the emulator's.
        let loops = try EventLoops(count: 1)
        _ = try await loops[0].signal(.terminate, .interrupt)
        await loops.shutDown()
      }
    }
  }

  /// What the portal does when somebody adds a keyspace.
  private static func make(_ keyspace: String, at node: EmbeddedNode) async throws {
    let nodes = try ClusterSource.nodes([node.endPoint], localDatacenter: datacenter)
    try await CassandraClient.withClient(ClientConfiguration(nodes)) { client in
      let text = """
        CREATE KEYSPACE IF NOT EXISTS \(Identifier(keyspace))
        WITH replication = {'class': 'NetworkTopologyStrategy', '\(datacenter)': 1}
        """
      try await client.query(Statement(unsafeCQL: text))
    }
  }

  private static func announce(_ emulator: AstraEmulator, _ folder: EmulatorFolder, _ fault: Fault?) {
    print(
      """
      An emulated Astra database is there: metadata service at \(emulator.metadataAddress), proxy at \
      \(emulator.proxyAddress), \(emulator.hostIDs.count) nodes.
      """)
    if let fault { print("What is wrong with it: \(fault.name), \(fault.help).") }
    print(
      """
      Its bundle and its settings, token included, are in \(folder.path). Use them with

        fieldguide init --env \(folder.settings)
        fieldguide doctor --env \(folder.settings)
        fieldguide serve --env \(folder.settings)

      Ctrl-C ends it.
      """)
    flushOutput()
  }
}
