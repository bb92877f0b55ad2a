public import Cassandra

extension CassandraError {
  /// What the failure means where the database is Astra: in the error itself or in what caused it; nil when it is nothing
  /// of Astra's.
  public var astra: AstraError? {
    var cause = cause
    while let failure = cause as? CassandraError { cause = failure.cause }
    return cause as? AstraError
  }
}
