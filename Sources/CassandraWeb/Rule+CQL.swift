public import Cassandra
internal import CassandraBytes
public import CassandraHTTPServer

extension Rule where Value == CQLUUID {
  /// A UUID in its usual text of 36 characters.
  public static var uuid: Rule {
    Rule<String>.text().map("This must be a UUID.", placeholder: CQLUUID(high: 0, low: 0), format: "uuid") {
      CQLUUID($0)
    }
  }
}

extension Rule where Value == CQLDate {
  /// A day, such as `2024-02-29`.
  public static var date: Rule {
    Rule<String>.text().map(
      "This must be a date such as 2024-02-29.", placeholder: CQLDate(daysSinceEpoch: 0), format: "date"
    ) { CQLDate($0) }
  }
}

extension Rule where Value == CQLTimestamp {
  /// A moment of RFC 3339, such as `2024-02-29T12:30:00.250+01:00`; up to three digits of a second's fraction.
  public static var timestamp: Rule {
    Rule<String>.text().map(
      "This must be a date and time such as 2024-02-29T12:30:00Z.", placeholder: CQLTimestamp(milliseconds: 0),
      format: "date-time"
    ) { text in
      CivilMoment(rfc3339: text).map { CQLTimestamp(milliseconds: $0.milliseconds) }
    }
  }
}
