import CassandraBytes
import CassandraRowJSON
import CassandraWire
import CassandraJSON
import Testing

/// Pages of rows, and what their readers make of them.
@Suite struct PageTests {
  private static let columns: [(String, CQLType)] = [
    ("genus", .text), ("sightings", .int), ("total", .bigint), ("rare", .boolean), ("size_cm", .float),
    ("taxonomy", .list(.text)),
  ]

  /// A page of these cells; nil is null.
  static func page(_ columns: [(String, CQLType)], _ rows: [[[UInt8]?]], cutBy cut: Int = 0) throws -> Page {
    let specifications = columns.map { ColumnSpecification(keyspace: "k", table: "t", name: $0.0, type: $0.1) }
    var body: [UInt8] = []
    let metadata = ResultMetadata(columns: specifications)
    try RowsResult(metadata: metadata, rowCount: rows.count).encode(into: &body, version: .v5)
    for cell in rows.joined() {
      body.append(bigEndian: Int32(cell?.count ?? -1))
      body += cell ?? []
    }
    return try Page(body: Array(body.dropLast(cut)), at: 4, version: .v5, layout: nil)
  }

  private static func list(_ texts: [String]) -> [UInt8] {
    var cell: [UInt8] = []
    cell.append(bigEndian: Int32(texts.count))
    for text in texts {
      cell.append(bigEndian: Int32(text.utf8.count))
      cell += Array(text.utf8)
    }
    return cell
  }

  static func number<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    var cell: [UInt8] = []
    cell.append(bigEndian: number)
    return cell
  }

  private static func row(_ text: String, _ number: Int32, _ size: Float, _ list: [String]) -> [[UInt8]?] {
    [
      Array(text.utf8), self.number(number), self.number(Int64(number) * 4_000_000_000), [number < 0 ? 1 : 0],
      self.number(size.bitPattern), self.list(list),
    ]
  }

  private static func json(_ page: Page, limit: Int = .max, nullCollections: NullCollections = .null) throws -> String {
    var (position, isFirst) = (page.firstPosition, true)
    var text: [UInt8] = []
    while page.hasRow(at: position) {
      try page.appendJSON(
        from: &position, isFirst: &isFirst, into: &text, limit: limit == .max ? .max : text.count + limit,
        nullCollections: nullCollections)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// What the writers of the columns make of a row, one after the other.
  private static func expected(_ row: [[UInt8]?], _ nulls: NullCollections = .null) throws -> String {
    var text: [UInt8] = Array("{".utf8)
    for (index, (cell, column)) in zip(row, columns).enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text += Array("\"\(column.0)\":".utf8)
      if let cell {
        try CellJSONWriter(column.1).write(cell.span, into: &text)
      } else {
        text += Array((index == 5 && nulls == .empty ? "[]" : "null").utf8)
      }
    }
    return String(decoding: text, as: UTF8.self) + "}"
  }

  private static let texts = [
    "", "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh", "abcdefghi", "sixteen letters.", "seventeen letters",
    "a text of more than thirty-two bytes", "Größe", "\u{1F98B} butterfly", "quote\"", "\"",
    "back\\slash in the middle",
    "line\nbreak", "seventh\u{1}", "tab\tat the end of it\t", "\u{7f}", "naïve \"quoted\"",
  ]

  @Test(arguments: texts) func rowsAreWhatTheirColumnsAre(_ text: String) throws {
    let numbers: [Int32] = [0, 7, -7, 10, 99, 100, 4711, .max, .min]
    let sizes: [Float] = [4.8, 0, -0.0, 0.001, 0.0009, 9_999_999, 10_000_000, 1e-20, .nan, -.infinity, 16_777_216]
    var rows: [[[UInt8]?]] = []
    for (index, number) in numbers.enumerated() {
      rows.append(Self.row(text, number, sizes[index], [text, "x", text]))
      rows.append(Self.row("plain", number, sizes[sizes.count - 1 - index], []))
    }
    rows.append([nil, nil, nil, nil, nil, nil])
    let page = try Self.page(Self.columns, rows)
    for nulls in [NullCollections.null, .empty] {
      let expected = try rows.map { try Self.expected($0, nulls) }.joined(separator: ",")
      #expect(try Self.json(page, nullCollections: nulls) == expected)
      #expect(try Self.json(page, limit: 1, nullCollections: nulls) == expected)
    }
    _ = try JSONValue(parsing: Array("[\(try Self.json(page))]".utf8))
  }

  @Test func cellsThatAreNoValuesAreRefused() throws {
    let good = Self.row("a", 1, 1, ["b"])
    let wrong: [(Int, [UInt8])] = [
      (0, [0xff]), (0, [0x61, 0xc3]), (0, [0xed, 0xa0, 0x80]), (1, [1]), (2, [1, 2, 3]), (3, [0, 0]), (4, [0, 0]),
      (5, [0, 0, 0, 1]), (5, [0, 0, 0, 1, 0, 0, 0, 9, 1]), (5, [0x7f, 0xff, 0xff, 0xff]), (5, Self.list(["b"]) + [0]),
      (5, [0, 0, 0, 1, 0, 0, 0, 1, 0xff]), (5, [0xff, 0xff, 0xff, 0xff]),
    ]
    for (column, cell) in wrong {
      var row = good
      row[column] = cell
      let page = try Self.page(Self.columns, [good, row, good])
      let error = #expect(throws: RowError.self, "\(column) \(cell)") { try Self.json(page) }
      #expect(error?.column == Self.columns[column].0)
    }
  }

  @Test func aPageThatEndsWithinARowIsRefused() throws {
    let row = Self.row("abcdefgh", 1, 1, ["b"])
    let bytes = row.reduce(0) { $0 + 4 + ($1?.count ?? 0) }
    for cut in 1..<bytes - 8 {
      guard let page = try? Self.page(Self.columns, [row, row], cutBy: cut) else { continue }
      #expect(throws: RowError.self, "\(cut)") { try Self.json(page) }
      #expect(throws: RowError.self, "\(cut)") { try page.forEachRow { _ = try $0.next(String.self) } }
    }
  }

  /// Every column of wide rows by its index: looking all of them up takes time in proportion to their number.
  @Test(.timeLimit(.minutes(5)), arguments: [1, 15, 16, 17, 32, 33, 48, 1000, 30_000])
  func cellsOfAWideRowAreFoundByIndexAndName(_ count: Int) throws {
    let columns = (0..<count).map { ("c\($0)", CQLType.int) }
    let rows = (0..<3).map { row in (0..<count).map { $0 % 7 == 3 ? nil : Self.number(Int32(row * count + $0)) } }
    let page = try Self.page(columns, rows)
    for (number, row) in page.enumerated() {
      for index in 0..<count {
        let expected: Int32? = index % 7 == 3 ? nil : Int32(number * count + index)
        let value: Int32? = try row.decode(at: index)
        guard value == expected else {
          Issue.record("column \(index) of row \(number) is \(value as Any)")
          return
        }
      }
      let last = try row.decode(Int32?.self, "c\(count - 1)")
      #expect(last == ((count - 1) % 7 == 3 ? nil : Int32(number * count + count - 1)))
    }
    let first: Int32? = try page.first?.decode(at: 0)
    #expect(first == 0)
    #expect(
      try page.firstChecked()?.decode(Int32?.self, at: count - 1) == page.first?.decode(Int32?.self, at: count - 1))
  }

  @Test func columnsAreFoundByTheBytesOfTheirNames() throws {
    let page = try Self.page([("\u{e9}", .int), ("e\u{301}", .int)], [[Self.number(Int32(1)), Self.number(Int32(2))]])
    #expect(try page.first?.decode(Int.self, "\u{e9}") == 1)
    #expect(try page.first?.decode(Int.self, "e\u{301}") == 2)
    #expect(page.layout.index(of: "e") == nil)
  }

  @Test func cellsAreReadInOrder() throws {
    let rows = (0..<3).map { Self.row("g\($0)", $0, 4.8, ["a", "b"]) } + [[nil, nil, nil, nil, nil, nil]]
    let page = try Self.page(Self.columns, rows)
    var read: [String] = []
    try page.forEachRow { cells in
      let (text, number) = (try cells.next(String?.self), try cells.next(Int?.self))
      // What is not asked for is passed over.
      if number != 1 { _ = try cells.next(Int64?.self) }
      read.append("\(text ?? "-") \(number ?? -1)")
    }
    #expect(read == ["g0 0", "g1 1", "g2 2", "- -1"])
  }

  @Test func cellsAreComparedWithWhatTheyAreReadAs() throws {
    let page = try Self.page(Self.columns, [Self.row("a", 1, 1, [])])
    #expect(throws: RowError.self) { try page.forEachRow { _ = try $0.next(Int.self) } }
    #expect(throws: RowError.self) {
      try page.forEachRow { cells in for _ in 0...Self.columns.count { _ = try cells.next(CQLValue?.self) } }
    }
    // Another type in a later row is found too.
    let two = try Self.page([("a", .int)], [[Self.number(Int32(1))], [Self.number(Int32(2))]])
    var isFirst = true
    let error = #expect(throws: RowError.self) {
      try two.forEachRow { cells in
        if isFirst { _ = try cells.next(Int.self) } else { _ = try cells.next(String.self) }
        isFirst = false
      }
    }
    #expect(error?.column == "a")
  }

  @Test func timestampsAreThoseOfRFC3339UnlessCassandrasAreWanted() throws {
    let moment = Self.number(Int64(1_709_209_800_250))
    // One entry, its key and its value a moment.
    let map = Self.number(Int32(1)) + Self.number(Int32(8)) + moment + Self.number(Int32(8)) + moment
    let page = try Self.page(
      [("at", .timestamp), ("days", .map(key: .timestamp, value: .timestamp)), ("n", .int)],
      [[moment, map, Self.number(Int32(1))], [nil, nil, nil]])
    func json(_ timestamps: TimestampForm?, separator: UInt8 = UInt8(ascii: ",")) throws -> String {
      var (position, isFirst) = (page.firstPosition, true)
      var text: [UInt8] = []
      if let timestamps {
        try page.appendJSON(
          from: &position, isFirst: &isFirst, into: &text, limit: .max, timestamps: timestamps, separator: separator)
      } else {
        try page.appendJSON(from: &position, isFirst: &isFirst, into: &text, limit: .max)
      }
      return String(decoding: text, as: UTF8.self)
    }
    let (ours, theirs) = ("2024-02-29T12:30:00.250Z", "2024-02-29 12:30:00.250Z")
    let nulls = #"{"at":null,"days":null,"n":null}"#
    #expect(try json(nil) == #"{"at":"\#(ours)","days":{"\#(ours)":"\#(ours)"},"n":1},\#(nulls)"#)
    #expect(try json(.rfc3339) == json(nil))
    #expect(try json(.cassandra) == #"{"at":"\#(theirs)","days":{"\#(theirs)":"\#(theirs)"},"n":1},\#(nulls)"#)
    #expect(
      try json(.rfc3339, separator: UInt8(ascii: "\n"))
        == #"{"at":"\#(ours)","days":{"\#(ours)":"\#(ours)"},"n":1}"# + "\n" + nulls)
  }

  @Test func rowsOfFrequentTypesTakeTheSeparatorToo() throws {
    let page = try Self.page([("n", .int)], [[Self.number(Int32(1))], [Self.number(Int32(2))]])
    var (position, isFirst) = (page.firstPosition, true)
    var text: [UInt8] = []
    try page.appendJSON(
      from: &position, isFirst: &isFirst, into: &text, limit: .max, separator: UInt8(ascii: "\n"))
    #expect(String(decoding: text, as: UTF8.self) == "{\"n\":1}\n{\"n\":2}")
  }
}
