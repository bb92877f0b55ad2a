import Cassandra
import CassandraHTTPServer
import CassandraWire
import Testing

@testable import CassandraWeb

/// Schemas of rows.
@Suite struct RowSchemaTests {
  @Test func everyTypeHasASchema() {
    let columns: [(CQLType, JSONValue)] = [
      (.timestamp, ["type": ["string", "null"], "format": "date-time"]),
      (
        .map(key: .int, value: .list(.uuid)),
        ["type": "object", "additionalProperties": ["type": "array", "items": ["type": "string", "format": "uuid"]]]
      ),
      (
        .tuple([.boolean, .blob]),
        [
          "type": ["array", "null"],
          "prefixItems": [
            ["type": ["boolean", "null"]], ["type": ["string", "null"], "pattern": "^0x([0-9a-f]{2})*$"],
          ],
        ]
      ),
    ]
    for (type, schema) in columns {
      let column = ColumnSpecification(keyspace: "k", table: "t", name: "c", type: type)
      #expect(RowSchema.object([column])["properties"]?["c"] == schema)
    }
  }
}
