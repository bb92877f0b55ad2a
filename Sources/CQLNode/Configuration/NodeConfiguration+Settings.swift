internal import CassandraReactor

extension NodeConfiguration {
  /// The settings that Cassandra has under these names too, for `system_views.settings`. Nothing of them is secret.
  func settings(at address: SocketAddress) -> [(name: String, value: String)] {
    var data: String?
    if case .directory(let path) = storage { data = path }
    return [
      ("authenticator.class_name", hasLogins ? "PasswordAuthenticator" : "AllowAllAuthenticator"),
      ("authorizer.class_name", hasLogins ? "CassandraAuthorizer" : "AllowAllAuthorizer"),
      ("client_encryption_options.enabled", "\(tls != nil)"),
      ("client_encryption_options.require_client_auth", "\(tls?.clientAuthorities != nil)"),
      ("cluster_name", clusterName), ("commitlog_sync", "group"), ("data_file_directories", "[\(data ?? "")]"),
      ("listen_address", address.host), ("native_transport_max_concurrent_connections", "\(limits.connections)"),
      ("native_transport_max_message_size", "\(limits.requestBytes)B"),
      ("native_transport_max_request_data_in_flight", "\(limits.requestBytesInFlight)B"),
      ("native_transport_port", "\(address.port)"), ("num_tokens", "1"),
      ("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner"), ("rpc_address", address.host),
    ]
  }
}
