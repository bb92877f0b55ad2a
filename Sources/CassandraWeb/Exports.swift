// One import for a service that answers from Cassandra: the driver, the server, and rows as responses.

@_exported public import Cassandra
@_exported public import CassandraHTTPServer
@_exported public import enum CassandraRowJSON.NullCollections
@_exported public import enum CassandraRowJSON.TimestampForm
