// What the driver's public signatures name, so that `import Cassandra` is enough.

@_exported public import struct CassandraBytes.ByteText
@_exported public import class CassandraReactor.EventLoop
@_exported public import class CassandraReactor.EventLoops
@_exported public import struct CassandraReactor.SocketAddress
@_exported public import class CassandraReactor.TLSClientContext
@_exported public import class CassandraReactor.TLSClientFiles
@_exported public import struct CassandraReactor.TLSIdentity
@_exported public import enum CassandraReactor.TLSTrust
@_exported public import CassandraTelemetry
@_exported public import protocol CassandraWire.CQLDecodable
@_exported public import struct CassandraWire.CQLDate
@_exported public import struct CassandraWire.CQLDecimal
@_exported public import struct CassandraWire.CQLDuration
@_exported public import protocol CassandraWire.CQLEncodable
@_exported public import enum CassandraWire.CQLInet
@_exported public import struct CassandraWire.CQLTime
@_exported public import struct CassandraWire.CQLTimestamp
@_exported public import struct CassandraWire.CQLTuple
@_exported public import enum CassandraWire.CQLType
@_exported public import struct CassandraWire.CQLUUID
@_exported public import struct CassandraWire.CQLUnset
@_exported public import enum CassandraWire.CQLValue
@_exported public import struct CassandraWire.CQLValueError
@_exported public import struct CassandraWire.CQLVarint
@_exported public import struct CassandraWire.CellReader
@_exported public import struct CassandraWire.ColumnSpecification
@_exported public import enum CassandraWire.Consistency
@_exported public import struct CassandraWire.Page
@_exported public import enum CassandraWire.ProtocolVersion
@_exported public import struct CassandraWire.Row
@_exported public import struct CassandraWire.RowError
@_exported public import class CassandraWire.RowLayout
@_exported public import struct CassandraWire.RowPosition
@_exported public import struct CassandraWire.UserDefinedType
@_exported public import struct CassandraWire.WireError
