internal import CassandraBytes

/// The columns of a result, and what follows from them for every row: made once per statement, shared by its pages.
public final class RowLayout: Sendable {
  /// The columns, in the order of the cells.
  public let columns: [ColumnSpecification]
  /// The bytes that described the columns. A v4 result repeats them with every page; as long as they are the same, they
  /// need not be read again.
  let description: [UInt8]
  let json: RowJSON
  private let indexes: [String: Int]

  /// A layout of these columns.
  public init(columns: [ColumnSpecification], description: [UInt8] = []) {
    self.columns = columns
    self.description = description
    json = RowJSON(columns: columns)
    indexes = Dictionary(
      columns.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// A layout without columns.
  public static let empty = RowLayout(columns: [])

  /// Whether the same description stands at `position` of `body`.
  func describes(_ body: Span<UInt8>, at position: Int) -> Bool {
    let expected = description
    guard !expected.isEmpty, expected.count <= body.count - position else { return false }
    return body.extracting(position..<position + expected.count).isEqual(to: expected.span)
  }

  /// The index of the column with that name, the first when there are several.
  public func index(of name: String) -> Int? { indexes[name] }
}
