// What the node's public signatures name, so that `import CQLNode` is enough.

@_exported public import class CassandraReactor.EventLoop
@_exported public import class CassandraReactor.EventLoops
@_exported public import struct CassandraReactor.SocketAddress
@_exported public import struct CassandraReactor.TLSIdentity
@_exported public import CassandraTelemetry
