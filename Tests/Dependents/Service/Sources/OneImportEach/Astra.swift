import CassandraAstra

func astra(bundle: SecureConnectBundle, token: Secret) throws -> ClientConfiguration {
  ClientConfiguration(try .astra(bundle, credentials: .token(token)), keyspace: "naturalist")
}
