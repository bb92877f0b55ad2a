internal import Cassandra
internal import CassandraReactor
internal import CassandraTerminal

/// The checks of a Cassandra, one contact point after the other.
enum CassandraChecks {
  static func checks(_ settings: Settings, _ probe: Probe) -> [Check] {
    guard let map = settings.database.cluster.knownMap else { return [] }
    var checks: [Check] = []
    if !settings.certificateFiles.isEmpty {
      checks.append(Check("certificates") { _ in settings.certificateFiles.flatMap(certificates) })
    }
    var logins: [String] = []
    for point in map.endPoints {
      checks += NetworkChecks.checks(to: point, route: .cassandra, needs: [], probe)
      var last = "connection \(point)"
      if let tls = settings.database.tls {
        checks.append(
          Check("TLS", id: "TLS \(point)", needs: [last]) { facts in
            guard let address = facts.reachable[point] else { return [] }
            let contact = await probe.secureContact(with: address, tls: tls.client(verifying: point.host))
            return [NetworkFinding.tls(to: "\(point)", contact, route: .cassandra, now: Probe.now)]
          })
        last = "TLS \(point)"
      }
      checks.append(
        Check("login", id: "login \(point)", needs: [last]) { facts in
          [await logIn(settings, at: point, map.localDatacenter, &facts, probe)]
        })
      logins.append("login \(point)")
    }
    checks.append(
      Check("cluster", needsOneOf: logins) { facts in
        var database = TableChecks.narrowed(settings.database, to: facts.open)
        database.keyspace = nil
        return ClusterFinding.cluster(
          await probe.cluster(database), wantedDatacenter: map.localDatacenter, loops: EventLoops.availableCores)
      })
    return checks + TableChecks.checks(settings, kind: .cassandra, needsOneOf: logins, probe)
  }

  private static func certificates(of file: CertificateFile) -> [Finding] {
    let renewal = "Put a new one into the file of \(file.setting)."
    do throws(ReactorError) {
      return try Certificate.all(inPEM: file.pem, of: file.setting)
        .map { CertificateDates($0).finding(file.setting, renewal: renewal, now: Probe.now) }
    } catch { return [.failed("\(file.setting): \(error.forOperator)")] }
  }

  private static func logIn(
    _ settings: Settings, at point: EndPoint, _ datacenter: String, _ facts: inout Facts, _ probe: Probe
  ) async -> Finding {
    var database = settings.database
    database.keyspace = nil
    let result: Result<ServerFacts, CassandraError>
    var datacenters: [String] = []
    do throws(CassandraError) {
      // Where it is, is what it says: the data centre of the settings is compared with that below.
      database.cluster = try .nodes([point.description])
      result = await probe.login(database)
      if case .success(let server) = result, server.datacenter != datacenter,
        case .success(let cluster) = await probe.cluster(database)
      {
        // Whether this node alone is elsewhere, or there is no such data centre at all.
        datacenters = cluster.datacenterNames
      }
    } catch { result = .failure(error) }
    let finding = DatabaseFinding.login(
      at: "\(point)", result, wantedDatacenter: datacenter, datacenters: datacenters, kind: .cassandra,
      usesTLS: database.tls != nil)
    if finding.mark != .failed { facts.open.append(point) }
    return finding
  }
}

/// The checks of what the guide keeps in a database.
enum TableChecks {
  static func checks(
    _ settings: Settings, kind: DatabaseKind, needsOneOf logins: [String], _ probe: Probe
  ) -> [Check] {
    let (settings, keyspace) = (settings.database, settings.keyspace)
    return [
      Check("keyspace", needsOneOf: logins) { facts in
        [DatabaseFinding.keyspace(keyspace, await probe.login(narrowed(settings, to: facts.open)), kind: kind)]
      },
      Check("tables", needs: ["keyspace"]) { facts in
        let database = narrowed(settings, to: facts.open)
        var results: [(table: GuideTable, error: CassandraError?)] = []
        for table in GuideTable.allCases { results.append((table, await probe.read(table, database))) }
        return DatabaseFinding.tables(results, kind: kind)
      },
    ]
  }

  /// The database by the contact points that let us in, so that the others' failures are not told again.
  static func narrowed(_ database: ClientConfiguration, to points: [EndPoint]) -> ClientConfiguration {
    guard let map = database.cluster.knownMap,
      let cluster = try? ClusterSource.nodes(points.map(\.description), localDatacenter: map.localDatacenter)
    else { return database }
    var narrowed = database
    narrowed.cluster = cluster
    return narrowed
  }
}
