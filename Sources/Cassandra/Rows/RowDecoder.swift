internal import CassandraBytes
internal import CassandraWire

/// Decodes the rows of a page into `Decodable` types: a coding key is the name of a column, or becomes one.
///
/// It is made once for a page. Keys are usually asked for in the order of the columns, so the column after the last one
/// is tried first, and a name is looked up only when that is another.
final class RowDecoder: Decoder {
  fileprivate let page: Page
  fileprivate let naming: ColumnNaming
  /// The names that keys have become.
  private var names: [ByteText: String] = [:]
  private var position: RowPosition
  fileprivate var cells: [Range<Int>?] = []
  private var expected = 0
  /// Types that were found to be values of cells, or not.
  private var known: [ObjectIdentifier: (any CQLDecodable.Type)?] = [:]

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ page: Page, naming: ColumnNaming = .asWritten) {
    self.page = page
    self.naming = naming
    position = page.firstPosition
    cells.reserveCapacity(page.layout.columns.count)
  }

  /// The next row as a value; nil after the last one.
  func next<Value: Decodable>(_ type: Value.Type) throws(CassandraError) -> Value? {
    guard page.hasRow(at: position) else { return nil }
    do {
      try page.readCells(at: &position, into: &cells)
      expected = 0
      return try Value(from: self)
    } catch let error as RowError {
      throw .undecodable(error)
    } catch let error as CQLValueError {
      throw .undecodable(RowError(.value(error), column: ""))
    } catch {
      throw CassandraError(
        .undecodableRow, "A row does not have the expected values.", logDetail: "\(error)", cause: error)
    }
  }

  fileprivate var columns: [ColumnSpecification] { page.layout.columns }

  fileprivate func index(of key: String) -> Int? {
    let name = naming.convert == nil ? key : name(of: key)
    if expected < columns.count, columns[expected].name.hasSameBytes(as: name) {
      expected += 1
      return expected - 1
    }
    guard let index = page.layout.index(of: name) else { return nil }
    expected = index + 1
    return index
  }

  private func name(of key: String) -> String {
    if let name = names[ByteText(key)] { return name }
    let name = naming.convert?(key) ?? key
    names[ByteText(key)] = name
    return name
  }

  /// The parts of a cell.
  fileprivate func parts(at index: Int) -> PartDecoder {
    PartDecoder(page, PageValue(cells[index], columns[index].type), naming: naming, path: [])
  }

  fileprivate func decode<Value: CQLDecodable>(_ type: Value.Type, at index: Int) throws(RowError) -> Value {
    try page.decodeCell(type, cells[index], column: index)
  }

  /// A value of a type that is not known before: one of a cell, or something that decodes itself from one.
  fileprivate func decodeAny<Value: Decodable>(_ type: Value.Type, at index: Int) throws -> Value {
    let id = ObjectIdentifier(type)
    let cellType: (any CQLDecodable.Type)?
    if let found = known[id] {
      cellType = found
    } else {
      cellType = type as? any CQLDecodable.Type
      known[id] = .some(cellType)
    }
    if let cellType, let value = try decodeExistential(cellType, at: index) as? Value { return value }
    return try Value(from: CellDecoder(self, index))
  }

  private func decodeExistential<Value: CQLDecodable>(_ type: Value.Type, at index: Int) throws(RowError) -> Any {
    try decode(type, at: index)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(RowContainer<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw DecodingError.typeMismatch(
      [Any].self, .init(codingPath: [], debugDescription: "A row is a set of named columns; decode it as a tuple."))
  }

  /// The first column, for a row that is one value.
  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    guard !columns.isEmpty else {
      throw DecodingError.valueNotFound(
        Any.self, .init(codingPath: [], debugDescription: "The row has no columns."))
    }
    return CellDecoder(self, 0)
  }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: RowDecoder

  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { decoder.columns.compactMap { Key(stringValue: $0.name) } }

  func contains(_ key: Key) -> Bool { decoder.index(of: key.stringValue) != nil }

  private func index(_ key: Key) throws -> Int {
    guard let index = decoder.index(of: key.stringValue) else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: [], debugDescription: "The result has no column \(key.stringValue)."))
    }
    return index
  }

  func decodeNil(forKey key: Key) throws -> Bool { decoder.cells[try index(key)] == nil }

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder.decode(type, at: index(key)) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try decoder.decode(type, at: index(key)) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try decoder.decode(type, at: index(key)) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try decoder.decode(type, at: index(key)) }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try decoder.decodeAny(type, at: index(key))
  }

  private func present(_ key: Key) -> Int? {
    guard let index = decoder.index(of: key.stringValue), decoder.cells[index] != nil else { return nil }
    return index
  }

  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
    try present(key).map { try decoder.decode(type, at: $0) }
  }
  func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
    try present(key).map { try decoder.decodeAny(type, at: $0) }
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try CellDecoder(decoder, index(key)).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try CellDecoder(decoder, index(key)).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { CellDecoder(decoder, try index(key)) }
}

/// One cell, for a type that decodes itself from a single value, such as an enumeration with raw values.
private struct CellDecoder: Decoder, SingleValueDecodingContainer {
  let row: RowDecoder
  let index: Int

  init(_ row: RowDecoder, _ index: Int) {
    self.row = row
    self.index = index
  }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try row.parts(at: index).container(keyedBy: type)
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try row.parts(at: index).unkeyedContainer() }
  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  func decodeNil() -> Bool { row.cells[index] == nil }
  func decode(_ type: Bool.Type) throws -> Bool { try row.decode(type, at: index) }
  func decode(_ type: String.Type) throws -> String { try row.decode(type, at: index) }
  func decode(_ type: Double.Type) throws -> Double { try row.decode(type, at: index) }
  func decode(_ type: Float.Type) throws -> Float { try row.decode(type, at: index) }
  func decode(_ type: Int.Type) throws -> Int { try row.decode(type, at: index) }
  func decode(_ type: Int8.Type) throws -> Int8 { try row.decode(type, at: index) }
  func decode(_ type: Int16.Type) throws -> Int16 { try row.decode(type, at: index) }
  func decode(_ type: Int32.Type) throws -> Int32 { try row.decode(type, at: index) }
  func decode(_ type: Int64.Type) throws -> Int64 { try row.decode(type, at: index) }
  func decode(_ type: UInt.Type) throws -> UInt { try row.decode(type, at: index) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try row.decode(type, at: index) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try row.decode(type, at: index) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try row.decode(type, at: index) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try row.decode(type, at: index) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    guard let cellType = type as? any CQLDecodable.Type,
      let value = try decodeCell(cellType) as? Value
    else { return try Value(from: self) }
    return value
  }

  private func decodeCell<Value: CQLDecodable>(_ type: Value.Type) throws(RowError) -> Any {
    try row.decode(type, at: index)
  }
}
