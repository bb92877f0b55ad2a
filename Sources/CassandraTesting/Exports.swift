// A test against a node needs the driver and the node's settings as well.

@_exported public import CQLNode
@_exported public import Cassandra
@_exported public import CassandraHTTPServer
