internal import Cassandra
public import CassandraHTTPServer

extension Routes where Context: CassandraContext {
  /// Adds what describes the API, as ``CassandraHTTPServer/Routes/document(_:version:)`` does. The document is made once, and
  /// again when the schema of the database has changed.
  public mutating func document(_ about: APIDescription) {
    document(about, version: { $0.cassandra.schemaVersion })
  }
}
