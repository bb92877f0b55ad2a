package import CassandraWire

/// What the owner of an engine's connections knows, for `system_views`.
package struct NodeStatus: Sendable {
  /// A client that is connected.
  package struct Client: Sendable {
    /// Where it is.
    package var address: NodeAddress?
    /// The version of the protocol that it speaks.
    package var version: ProtocolVersion
    /// Whether it has sent STARTUP and, where it has to, logged in.
    package var isReady: Bool
    /// Whether it speaks TLS.
    package var isSecure: Bool
    /// What it calls its driver.
    package var driverName: String?
    /// The version of its driver.
    package var driverVersion: String?
    /// The keyspace that it uses.
    package var keyspace: String?
    /// Who it is.
    package var user: String
    /// Statements that it has sent.
    package var requests: Int

    /// A client of which nothing is known but where it is.
    package init(address: NodeAddress?, version: ProtocolVersion, isSecure: Bool) {
      self.address = address
      self.version = version
      self.isSecure = isSecure
      isReady = false
      user = "anonymous"
      requests = 0
    }
  }

  /// The clients that are connected.
  package var clients: [Client]
  /// Statements that are not answered yet.
  package var activeRequests: Int
  /// Statements that have been answered since the node began.
  package var completedRequests: Int
  /// Statements that may be unanswered at a time.
  package var maximumRequests: Int
  /// The settings by their names.
  package var settings: [(name: String, value: String)]

  /// What is known of a node.
  package init(
    clients: [Client] = [], activeRequests: Int = 0, completedRequests: Int = 0, maximumRequests: Int = 0,
    settings: [(name: String, value: String)] = []
  ) {
    self.clients = clients
    self.activeRequests = activeRequests
    self.completedRequests = completedRequests
    self.maximumRequests = maximumRequests
    self.settings = settings
  }
}
