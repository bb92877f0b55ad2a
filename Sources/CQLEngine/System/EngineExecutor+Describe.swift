import CQLLanguage
import CQLWire

extension EngineExecutor {
  func describe(
    _ statement: DescribeStatement, keyspace: String?, version: ProtocolVersion, into body: inout [UInt8]
  ) throws(EngineFailure) { throw EngineFailure.unsupported("DESCRIBE") }
}
