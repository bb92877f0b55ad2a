internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry
internal import CassandraTerminal

/// `fieldguide doctor`: looks at everything that serving needs, one thing after the other, and says what is wrong and what
/// to do.
struct Doctor {
  private let examination: Examination
  private let loops: EventLoops
  private let dataDirectory: String

  /// - Parameters:
  ///   - dataDirectory: Where the embedded database keeps its data.
  ///   - begin: Is told what is being looked at.
  ///   - report: Is told what was found, with its label.
  init(
    loops: EventLoops, dataDirectory: String = EmbeddedDatabase.directory,
    begin: @escaping @Sendable (String) -> Void = { _ in }, report: @escaping @Sendable (String, Finding) -> Void
  ) {
    self.loops = loops
    self.dataDirectory = dataDirectory
    examination = Examination(begin: begin, report: report)
  }

  /// Looks, and says how many checks have failed.
  ///
  /// - Parameter read: Reads the settings.
  func run(_ read: () throws(SettingsError) -> Settings) async -> Int {
    do throws(SettingsError) {
      let settings = try read()
      await examination.note([.ok(settings.summary)] + settings.warnings.map { .warning($0) }, "settings")
      await examine(settings)
    } catch {
      await note(error)
    }
    return await examination.failures
  }

  private func examine(_ settings: Settings) async {
    // What fails is reported; the driver's own lines about it would say everything twice.
    let probe = Probe(loops: loops, logger: .silent)
    if let astra = settings.astra {
      await examination.run(AstraChecks.checks(settings, astra, probe))
    } else if settings.usesEmbeddedDatabase {
      await examineEmbedded(settings, probe)
    } else {
      await examination.run(CassandraChecks.checks(settings, probe))
    }
  }

  private func examineEmbedded(_ settings: Settings, _ probe: Probe) async {
    let facts = DataDirectoryFacts(lookingAt: dataDirectory)
    await examination.note([facts.finding(at: dataDirectory)], "data")
    guard facts.canBeOpened else {
      await skip(EmbeddedChecks.labelsOfRunning, because: "data")
      return
    }
    do {
      try await EmbeddedDatabase.with(settings, directory: dataDirectory, logger: .silent) { [examination] settings in
        await examination.run(EmbeddedChecks.checks(settings, probe))
      }
    } catch {
      await examination.note([.failed("The embedded database is not running: \(error)")], "database")
      await skip(EmbeddedChecks.labelsOfRunning, because: "database")
    }
  }

  /// Settings that cannot be used, and how far they can.
  private func note(_ error: SettingsError) async {
    let finding = Finding.failed(error.description)
    switch error.subject {
    case .settings:
      await examination.note([finding], "settings")
      await skip(["the rest"], because: "settings")
    case .bundle:
      await examination.note([.ok("those of Astra DB are complete")], "settings")
      await examination.note([finding], "bundle")
      await skip(["the rest"], because: "bundle")
    case .certificates:
      await examination.note([.ok("those of a Cassandra with TLS are complete")], "settings")
      await examination.note([finding], "certificates")
      await skip(["the rest"], because: "certificates")
    }
  }

  private func skip(_ labels: [String], because cause: String) async {
    for label in labels { await examination.note([.skipped("because of: \(cause)")], label) }
  }
}

extension Settings {
  /// Which database they name, without a secret.
  fileprivate var summary: String {
    if astra != nil { return "Astra DB, keyspace \(keyspace)" }
    if usesEmbeddedDatabase { return "the embedded database, keyspace \(keyspace)" }
    let datacenter = database.cluster.knownMap?.localDatacenter ?? ""
    return "Cassandra at \(database.cluster), data centre \(datacenter), keyspace \(keyspace)"
  }
}
