package import CassandraWire

/// Where a node keeps its data, and what it says about itself.
package struct EngineConfiguration: Sendable {
  /// Where data is kept.
  package enum Location: Sendable, Hashable {
    /// In files of this directory, which is made when it is missing; an acknowledged write survives a loss of power.
    case directory(String)
    /// In files that are removed at the end: nothing is kept.
    case temporary
    /// As `temporary`, beginning with what ``Engine/copy(to:)`` has written to this file.
    case temporaryCopy(of: String)

    /// Whether what is acknowledged survives a loss of power.
    var isDurable: Bool {
      switch self {
      case .directory: true
      case .temporary, .temporaryCopy: false
      }
    }
  }

  /// Where data is kept.
  package var location: Location
  /// The cluster's name in `system.local`; `Test Cluster` by default, as in Cassandra.
  package var clusterName: String
  /// The data centre in `system.local`; `datacenter1` by default.
  package var dataCentre: String
  /// The rack in `system.local`; `rack1` by default.
  package var rack: String
  /// The address at which the node listens; 127.0.0.1:9042 until ``Engine/advertise(_:)`` says otherwise.
  package var address: NodeAddress
  /// How many prepared statements the node remembers; 10,000 by default. Past it the one used longest ago is forgotten.
  package var maximumPreparedStatements: Int

  /// How many bytes these may take, about; 64 MiB by default. Past it the one used longest ago is forgotten, too.
  package var maximumPreparedBytes = 64 << 20
  /// Whether data is opened though acknowledged writes are known to be missing from it; false by default.
  package var acceptsLoss = false
  /// Whether clients log in as roles, and may do what these may; false by default.
  package var enforcesRoles = false

  /// Is told, on a thread of the storage, what failed while nobody waited for it; a sentence for the operator.
  package var report: @Sendable (String) -> Void = { _ in }

  /// A configuration; all but the location has a default.
  package init(
    location: Location, clusterName: String = "Test Cluster", dataCentre: String = "datacenter1",
    rack: String = "rack1", address: NodeAddress = NodeAddress(address: .v4(0x7f00_0001), port: 9042),
    maximumPreparedStatements: Int = 10_000
  ) {
    self.location = location
    self.clusterName = clusterName
    self.dataCentre = dataCentre
    self.rack = rack
    self.address = address
    self.maximumPreparedStatements = maximumPreparedStatements
  }
}
