internal import CassandraReactor

/// How long rows of one page are read before the loop looks at its sockets. As many as are usually asked for take some
/// milliseconds; how many a page has is up to the server.
@usableFromInline
enum RowSlices {
  /// Rows that are given one after the other: 8,192.
  @usableFromInline static let rows = 8_192
  /// Rows of a page up to which all are given at once to a closure: 65,536.
  @usableFromInline static let manyRows = 65_536
  /// Cells that are walked over: 512 Ki.
  static let cells = 512 << 10

  /// Waits for the next turn of the loop whose thread this is, if it is one.
  @usableFromInline
  static func end() async {
    if let loop = EventLoop.current { await loop.nextTurn() }
  }
}
