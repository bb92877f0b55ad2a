// What a handler and its server need, so that `import CassandraHTTPServer` is enough.

@_exported public import struct CassandraBytes.ByteText
@_exported public import struct CassandraHTTP.FieldLine
@_exported public import struct CassandraHTTP.FieldName
@_exported public import struct CassandraHTTP.Fields
@_exported public import struct CassandraHTTP.HTTPLimits
@_exported public import struct CassandraHTTP.MediaType
@_exported public import enum CassandraHTTP.Method
@_exported public import struct CassandraHTTP.RequestHead
@_exported public import struct CassandraHTTP.Status
@_exported public import struct CassandraJSON.JSONArrayWriter
@_exported public import struct CassandraJSON.JSONError
@_exported public import struct CassandraJSON.JSONNumber
@_exported public import struct CassandraJSON.JSONObjectWriter
@_exported public import struct CassandraJSON.JSONPointer
@_exported public import enum CassandraJSON.JSONValue
@_exported public import protocol CassandraJSON.JSONWritable
@_exported public import class CassandraReactor.EventLoop
@_exported public import class CassandraReactor.EventLoops
@_exported public import enum CassandraReactor.Signal
@_exported public import struct CassandraReactor.SocketAddress
@_exported public import struct CassandraReactor.TLSIdentity
@_exported public import struct CassandraReactor.TLSServer
@_exported public import class CassandraReactor.TLSServerContext
@_exported public import CassandraTelemetry
