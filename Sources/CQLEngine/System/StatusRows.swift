import CassandraWire

/// The rows of `system_views`.
enum StatusRows {
  /// The keyspace.
  static let keyspace = "system_views"

  /// The rows of one of the keyspace's tables.
  static func rows(of table: Table, _ status: NodeStatus) -> [SystemRow] {
    switch table.name {
    case "clients": status.clients.compactMap { client($0) }
    case "settings": status.settings.map { SystemRow([("name", .text($0.name)), ("value", .text($0.value))]) }
    case "thread_pools": [requests(status)]
    default: []
    }
  }

  private static func client(_ client: NodeStatus.Client) -> SystemRow? {
    guard let address = client.address else { return nil }
    var options: NameMap<String> = [:]
    options["DRIVER_NAME"] = client.driverName
    options["DRIVER_VERSION"] = client.driverVersion
    return SystemRow([
      ("address", .inet(address.address)), ("port", .int(Int32(address.port))), ("client_options", .map(options)),
      ("connection_stage", .text(client.isReady ? "ready" : "establishing")),
      ("driver_name", client.driverName.map { .text($0) }), ("driver_version", client.driverVersion.map { .text($0) }),
      ("hostname", .text(address.address.description)), ("keyspace_name", client.keyspace.map { .text($0) }),
      ("protocol_version", .int(Int32(client.version.rawValue))), ("request_count", .bigint(Int64(client.requests))),
      ("ssl_enabled", .boolean(client.isSecure)), ("username", .text(client.user)),
    ])
  }

  /// The one pool there is: what runs the statements of clients.
  private static func requests(_ status: NodeStatus) -> SystemRow {
    SystemRow([
      ("name", .text("Native-Transport-Requests")), ("active_tasks", .int(Int32(clamping: status.activeRequests))),
      ("active_tasks_limit", .int(Int32(clamping: status.maximumRequests))), ("blocked_tasks", .bigint(0)),
      ("blocked_tasks_all_time", .bigint(0)), ("completed_tasks", .bigint(Int64(status.completedRequests))),
      ("pending_tasks", .int(0)),
    ])
  }
}
