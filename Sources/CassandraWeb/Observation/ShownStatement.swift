internal import CassandraBytes
internal import Cassandra

/// What a log and a span tell of a request's statements.
enum ShownStatement {
  /// The texts of a request, of which a batch may have many, without passwords, and cut behind
  /// ``SlowQueryLog/maximumTextBytes``.
  static func text(of request: ObservedRequest) -> String {
    // Nearly always there is one, and it is kept and not copied.
    var text = request.statementCount == 1 ? request.text : request.texts.prefix(10).joined(separator: "; ")
    if text.utf8.count > SlowQueryLog.maximumTextBytes {
      text = String(decoding: text.utf8.prefix(SlowQueryLog.maximumTextBytes), as: UTF8.self)
    }
    // A password that was cut in its middle is hidden as well.
    return HiddenPasswords(in: text).shown
  }
}
