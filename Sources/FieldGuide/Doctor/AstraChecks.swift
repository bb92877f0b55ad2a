internal import Cassandra
internal import CassandraAstra
internal import CassandraReactor

/// The checks of an Astra database, from its bundle to its tables.
enum AstraChecks {
  /// What to do about a certificate of the bundle.
  private static let renewal = "Download the bundle again: in the portal, the database, Connect, Get bundle."

  static func checks(_ settings: Settings, _ astra: AstraSettings, _ probe: Probe) -> [Check] {
    let bundle = astra.bundle
    let metadata = EndPoint(host: bundle.host, port: bundle.port)
    var database = settings.database
    database.keyspace = nil
    let withoutKeyspace = database
    return [
      Check("bundle") { _ in
        [.ok("\(astra.path) leads to the metadata service at \(metadata)")] + bundle.warnings.map { .warning($0) }
      },
      Check("certificates", needs: ["bundle"]) { _ in certificates(bundle) },
    ] + NetworkChecks.checks(to: metadata, route: .metadata, needs: ["bundle"], probe)
      + [
        Check("metadata", needs: ["connection \(metadata)"]) { facts in
          await askMetadata(astra, metadata, &facts, probe)
        },
        Check("proxy", needs: ["metadata"]) { facts in await reachProxy(&facts, probe) },
        Check("nodes", needs: ["proxy"]) { facts in await reachNodes(astra, facts, probe) },
        Check("answers", needs: ["nodes"]) { facts in await askNodes(astra, withoutKeyspace, facts, probe) },
        Check("login", needs: ["answers"]) { _ in
          [
            DatabaseFinding.login(
              at: "The database", await probe.login(withoutKeyspace), wantedDatacenter: nil, kind: .astra,
              usesTLS: true)
          ]
        },
        Check("cluster", needs: ["login"]) { _ in
          ClusterFinding.cluster(
            await probe.cluster(withoutKeyspace), wantedDatacenter: nil, loops: EventLoops.availableCores)
        },
      ] + TableChecks.checks(settings, kind: .astra, needsOneOf: ["login"], probe)
  }

  private static func certificates(_ bundle: SecureConnectBundle) -> [Finding] {
    [("The bundle's authority", bundle.authorityValidity), ("The bundle's client certificate", bundle.validity)]
      .map { what, validity in
        CertificateDates(subject: "", notBefore: validity.lowerBound, notAfter: validity.upperBound)
          .finding(what, renewal: renewal, now: Probe.now)
      }
  }

  private static func askMetadata(
    _ astra: AstraSettings, _ metadata: EndPoint, _ facts: inout Facts, _ probe: Probe
  ) async -> [Finding] {
    guard let directory = astra.cluster.directory, let address = facts.reachable[metadata] else { return [] }
    let contact = await probe.secureContact(with: address, tls: directory.tls.client(verifying: metadata.host))
    let tls = NetworkFinding.tls(to: "\(metadata)", contact, route: .metadata, now: Probe.now)
    guard case .success = contact else { return [tls] }
    switch await probe.nodes(of: directory) {
    case .failure(let error): return [tls, .failed(error.forOperator)]
    case .success(let map):
      facts.map = map
      let proxy = map.endPoints.first.map { "\($0.host):\($0.port)" } ?? ""
      return [
        tls, .ok("it names \(map.endPoints.count) nodes in \(map.localDatacenter), behind the proxy at \(proxy)"),
      ]
    }
  }

  private static func reachProxy(_ facts: inout Facts, _ probe: Probe) async -> [Finding] {
    guard let node = facts.map?.endPoints.first else { return [] }
    let proxy = EndPoint(host: node.host, port: node.port)
    var findings = [await NetworkChecks.lookUp(proxy, route: .proxy, &facts, probe)]
    guard facts.addresses[proxy.host] != nil else { return findings }
    findings.append(await NetworkChecks.connect(proxy, route: .proxy, &facts, probe))
    return findings
  }

  /// TLS may be the proxy's alone; so each node is asked something.
  private static func askNodes(
    _ astra: AstraSettings, _ database: ClientConfiguration, _ facts: Facts, _ probe: Probe
  ) async -> [Finding] {
    guard let directory = astra.cluster.directory, let map = facts.map else { return [] }
    var results: [(name: String, result: Result<ServerFacts, CassandraError>)] = []
    for node in map.endPoints.prefix(probe.limits.nodes) {
      var narrowed = database
      narrowed.cluster = .directory(
        OneNode(directory: directory, node: node, localDatacenter: map.localDatacenter))
      results.append((node.serverName ?? "\(node)", await probe.login(narrowed)))
    }
    return DatabaseFinding.answers(results)
  }

  private static func reachNodes(_ astra: AstraSettings, _ facts: Facts, _ probe: Probe) async -> [Finding] {
    guard let directory = astra.cluster.directory, let map = facts.map else { return [] }
    var results: [(name: String, result: Result<SecureContact, ReactorError>)] = []
    for node in map.endPoints.prefix(probe.limits.nodes) {
      guard let address = facts.reachable[EndPoint(host: node.host, port: node.port)] else { continue }
      let tls = directory.tls.client(verifying: node.host, serverName: node.serverName)
      results.append((node.serverName ?? "", await probe.secureContact(with: address, tls: tls)))
    }
    return NetworkFinding.nodes(results, of: map.endPoints.count, now: Probe.now)
  }
}
