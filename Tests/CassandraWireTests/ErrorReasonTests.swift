import CassandraWire
import Testing

@Suite struct ErrorReasonTests {
  @Test(arguments: [
    // As Cassandra 5.0, Cassandra 3.11 and Astra say it.
    ("table animals does not exist", ErrorResponse.Reason.tableMissing),
    ("unconfigured table animals", .tableMissing),
    (
      "Provided value ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])",
      .consistencyNotAllowed
    ),
  ])
  func known(_ message: String, _ reason: ErrorResponse.Reason) {
    #expect(ErrorResponse(.invalid, message).reason == reason)
    // The same words with another code are about something else.
    #expect(ErrorResponse(.serverError, message).reason == nil)
  }

  @Test(arguments: ["", "table ", "Undefined column name x in table ks.t", "keyspace k does not exist"])
  func others(_ message: String) {
    #expect(ErrorResponse(.invalid, message).reason == nil)
  }
}
