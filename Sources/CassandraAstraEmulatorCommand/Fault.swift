import CassandraTesting
import CassandraReactor
import CassandraTerminal

/// Something that may be wrong with the emulated database, to see what a program says to it.
struct Fault: Sendable {
  /// What the command line calls it.
  let name: String
  /// What is wrong.
  let help: String
  /// What is wrong with the certificate in the bundle.
  var certificate = AstraEmulator.BundleCertificate.ordinary
  /// Whether the settings have another token than the database takes.
  var hasWrongToken = false
  /// Whether the keyspace of the settings is there.
  var makesKeyspace = true
  private let change: @Sendable (AstraEmulator) async throws -> Void

  private init(
    _ name: String, _ help: String, certificate: AstraEmulator.BundleCertificate = .ordinary,
    hasWrongToken: Bool = false, makesKeyspace: Bool = true,
    change: @escaping @Sendable (AstraEmulator) async throws -> Void = { _ in }
  ) {
    self.name = name
    self.help = help
    self.certificate = certificate
    self.hasWrongToken = hasWrongToken
    self.makesKeyspace = makesKeyspace
    self.change = change
  }

  /// One of the emulator's own faults.
  private static func fault(
    _ name: String, _ help: String, _ change: @escaping @Sendable (inout AstraFaults) -> Void
  ) -> Fault {
    Fault(name, help) { try await $0.change(change) }
  }

  static let all = [
    Fault("wrong-token", "the token of the settings is another database's", hasWrongToken: true),
    Fault("expired-bundle", "the certificate in the bundle has expired", certificate: .expired),
    Fault("foreign-bundle", "the certificate in the bundle is of another authority", certificate: .foreign),
    Fault("bundle-without-key", "the bundle has no certificate and no key", certificate: .missing),
    Fault("no-keyspace", "the keyspace of the settings does not exist", makesKeyspace: false),
    fault("hibernated", "the metadata service answers 503") { $0.metadata = .status(503) },
    fault("unauthorized", "the metadata service answers 401") { $0.metadata = .status(401) },
    fault("html", "the metadata service answers with a page to sign in") { $0.metadata = .html },
    fault("truncated", "the answer of the metadata service is cut short") { $0.metadata = .truncated },
    fault("no-nodes", "the metadata service names no node") { $0.metadata = .emptyList },
    fault("no-port", "the metadata service names the proxy without a port") { $0.metadata = .withoutPort },
    fault("silent", "the metadata service never answers") { $0.metadata = .never },
    fault("reset", "the metadata service cuts the connection") { $0.metadata = .reset },
    fault("wrong-authority", "the metadata service's certificate is of another authority") {
      $0.metadataCertificate = .otherAuthority
    },
    fault("expired-server", "the metadata service's certificate has expired") { $0.metadataCertificate = .expired },
    fault("other-name", "the metadata service's certificate is for another name") {
      $0.metadataCertificate = .otherName
    },
    fault("proxy-wrong-authority", "the proxy's certificate is of another authority") {
      $0.proxyCertificate = .otherAuthority
    },
    fault("proxy-expired", "the proxy's certificate has expired") { $0.proxyCertificate = .expired },
    fault("proxy-other-name", "the proxy's certificate is for another name") { $0.proxyCertificate = .otherName },
    Fault("unknown-nodes", "the proxy knows none of the nodes that the metadata service names") { emulator in
      let proxy = "localhost:\(emulator.proxyAddress.port)"
      let body = """
        {"version":1,"region":"us-east1","contact_info":{"type":"sni_proxy","local_dc":"datacenter1",\
        "contact_points":["6ba7b810-9dad-41d1-80b4-00c04fd430c8"],"sni_proxy_address":"\(proxy)"}}
        """
      try await emulator.change { $0.metadata = .body(body) }
    },
    Fault("one-down", "one node is down") { await $0.refuse(0) },
    Fault("nodes-down", "every node is down") { emulator in
      for place in emulator.hostIDs.keys { await emulator.refuse(place) }
    },
  ]

  /// Blanks behind the name in a list.
  var padding: String {
    let width = (Self.all.map(\.name.count).max() ?? 0) + 2
    return String(repeating: " ", count: width - name.count)
  }

  static func named(_ name: String) throws(UsageError) -> Fault {
    guard let fault = all.first(where: { $0.name == name }) else {
      throw UsageError("there is no fault '\(name)'; there are \(all.map(\.name).joined(separator: ", ")).")
    }
    return fault
  }

  func apply(to emulator: AstraEmulator) async throws { try await change(emulator) }
}
