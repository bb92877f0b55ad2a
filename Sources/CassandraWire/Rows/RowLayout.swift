internal import CassandraBytes
internal import Synchronization

/// The columns of a result, and what follows from them for every row: made once per statement, shared by its pages.
public final class RowLayout: Sendable {
  /// The columns, in the order of the cells.
  public let columns: [ColumnSpecification]
  /// The bytes that described the columns. A v4 result repeats them with every page; as long as they are the same, they
  /// need not be read again.
  let description: [UInt8]
  /// How a module above writes the rows of this layout, once it has been asked to.
  package let writing = LazyRowWriting()
  private let indexes: [ByteText: Int]

  /// A layout of these columns.
  public init(columns: [ColumnSpecification], description: [UInt8] = []) {
    self.columns = columns
    self.description = description
    indexes = Dictionary(
      columns.enumerated().map { (ByteText($0.element.name), $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// A layout without columns.
  public static let empty = RowLayout(columns: [])

  /// Whether the same description stands at `position` of `body`.
  func describes(_ body: Span<UInt8>, at position: Int) -> Bool {
    let expected = description
    guard !expected.isEmpty, expected.count <= body.count - position else { return false }
    return body.extracting(position..<position + expected.count).isEqual(to: expected.span)
  }

  /// The index of the column with that name, byte for byte; the first when there are several.
  public func index(of name: String) -> Int? { indexes[ByteText(name)] }
}

/// A way to write rows as text that another module has made for a layout: made once, shared by all pages of the layout.
package final class RowWriting: Sendable {
  /// Appends rows from `position` on, with the style's byte between them, until `buffer` has `limit` bytes or the page ends.
  package typealias Append =
    @Sendable (
      _ page: Page, _ position: inout RowPosition, _ isFirst: inout Bool, _ buffer: inout [UInt8], _ limit: Int,
      _ style: RowTextStyle
    ) throws(RowError) -> Void

  package let append: Append

  package init(_ append: @escaping Append) { self.append = append }
}

/// A place for a ``RowWriting``, which is made at its first use and then stays.
///
/// As `AtomicLazyReference`, of which every reading looks up its generic parts at run time: as much work as writing a third
/// of a row (6.3).
package struct LazyRowWriting: ~Copyable, Sendable {
  /// Of an object that is kept until this place goes; 0 until there is one.
  private let address = Atomic<UInt>(0)

  fileprivate init() {}

  deinit {
    if let pointer = unsafe UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) {
      unsafe Unmanaged<RowWriting>.fromOpaque(pointer).release()
    }
  }

  /// What is there; nil until something is.
  package func load() -> RowWriting? {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return nil }
    return unsafe Unmanaged<RowWriting>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Keeps `made` unless another thread was quicker; returns what is there.
  package func storeIfNil(_ made: RowWriting) -> RowWriting {
    let reference = unsafe Unmanaged.passRetained(made)
    let (isStored, _) = address.compareExchange(
      expected: 0, desired: unsafe UInt(bitPattern: reference.toOpaque()), ordering: .acquiringAndReleasing)
    if isStored { return made }
    unsafe reference.release()
    return load() ?? made
  }
}

/// What the text of rows looks like, where there is a choice.
package struct RowTextStyle: Sendable {
  /// Whether a null collection is an empty one.
  package var emptiesNullCollections: Bool
  /// Whether timestamps have Cassandra's own form.
  package var hasCassandraTimestamps: Bool
  /// What stands between two rows.
  package var separator: UInt8

  package init(emptiesNullCollections: Bool, hasCassandraTimestamps: Bool, separator: UInt8) {
    self.emptiesNullCollections = emptiesNullCollections
    self.hasCassandraTimestamps = hasCassandraTimestamps
    self.separator = separator
  }
}
