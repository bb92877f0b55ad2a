internal import CassandraBytes

/// What a log and a span tell of a request's statements.
package enum ShownStatement {
  /// Bytes of a text that are told: 1,000.
  package static let maximumTextBytes = 1000

  /// The texts of a request, of which a batch may have many, without passwords, and cut behind ``maximumTextBytes``.
  package static func text(of request: ObservedRequest) -> String {
    // Nearly always there is one, and it is kept and not copied.
    text(request.statementCount == 1 ? request.text : request.texts.prefix(10).joined(separator: "; "))
  }

  /// A text without passwords, and cut behind ``maximumTextBytes``.
  static func text(_ text: String) -> String {
    var text = text
    if text.utf8.count > maximumTextBytes {
      text = String(decoding: text.utf8.prefix(maximumTextBytes), as: UTF8.self)
    }
    // A password that was cut in its middle is hidden as well.
    return HiddenPasswords(in: text).shown
  }
}
