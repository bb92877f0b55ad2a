import CassandraBytes
import CassandraDice
import CassandraWire
import Testing

/// What is lent of a page, and the short way to values.
@Suite struct CellReaderTests {
  private static let columns: [(String, CQLType)] = [("genus", .text), ("code", .ascii), ("sightings", .int)]

  private static func page(_ genus: [UInt8]?, _ code: [UInt8]?, cutBy cut: Int = 0) throws -> Page {
    let row = [genus, code, PageTests.number(Int32(7))]
    return try PageTests.page(columns, [[[0x61], [0x62], PageTests.number(Int32(1))], row, row], cutBy: cut)
  }

  /// The texts of all rows, two of them in use at once.
  private static func texts(_ page: Page) throws -> [String] {
    var read: [String] = []
    try page.forEachRow { cells in
      let genus = try cells.nextText()
      let code = try cells.nextText()
      if let genus { read.append(String(copying: genus)) } else { read.append("-") }
      if let code { read.append(String(copying: code)) } else { read.append("-") }
    }
    return read
  }

  @Test(arguments: ["", "a", "abcdefg", "abcdefgh", "a text of more than 16 bytes", "Größe", "\u{1F98B}", "e\u{301}"])
  func textIsLent(_ text: String) throws {
    let page = try Self.page(Array(text.utf8), Array("code".utf8))
    let read = try Self.texts(page)
    #expect(read.map { Array($0.utf8) } == ["a", "b", text, "code", text, "code"].map { Array($0.utf8) })
    #expect(try Self.texts(Self.page(nil, nil)) == ["a", "b", "-", "-", "-", "-"])
  }

  @Test func textThatIsNoneIsRefused() throws {
    let wrong: [[UInt8]] = [
      [0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], Array("sixteen letters.".utf8) + [0x80],
      [0xf5, 0x80, 0x80, 0x80],
    ]
    for bytes in wrong {
      let error = #expect(throws: RowError.self, "\(bytes)") { _ = try Self.texts(Self.page(bytes, [0x61])) }
      #expect(error?.column == "genus")
    }
    // UTF-8 is text, and not ASCII.
    let error = #expect(throws: RowError.self) { _ = try Self.texts(Self.page([0x61], Array("ö".utf8))) }
    #expect(error?.column == "code")
  }

  @Test func textIsLentOfColumnsOfTextOnly() throws {
    let error = #expect(throws: RowError.self) {
      try Self.page([0x61], [0x61]).forEachRow { cells in for _ in 0..<3 { _ = try cells.nextText() } }
    }
    #expect(error?.column == "sightings")
    #expect(throws: RowError.self) {
      try Self.page([0x61], [0x61]).forEachRow { cells in
        _ = try cells.next(Int.self)
        _ = try cells.nextText()
      }
    }
  }

  /// So it can be read as something else.
  @Test func aCellThatCannotBeReadStaysTheNext() throws {
    var read: [CQLValue] = []
    try Self.page([0xff], [0x62]).forEachRow { cells in
      var bytes: [UInt8] = []
      do { _ = try cells.nextText() } catch {
        do { _ = try cells.next(String.self) } catch {
          if let cell = try cells.nextBytes() { bytes = Array(copying: cell) }
        }
      }
      var failures = 0
      do { _ = try cells.next(Int.self) } catch { failures += 1 }
      let code = try cells.next(String.self)
      do { _ = try cells.next(Bool.self) } catch { failures += 1 }
      #expect(failures == 2)
      read += [.blob(bytes), .text(code), .int(try cells.next(Int32.self))]
    }
    #expect(
      read == [.blob([]), .text("b"), .int(1), .blob([0xff]), .text("b"), .int(7), .blob([0xff]), .text("b"), .int(7)])
  }

  @Test func bytesOfAnyColumnAreLent() throws {
    var read: [[UInt8]?] = []
    try Self.page([0xff], nil).forEachRow { cells in
      for _ in 0..<3 {
        if let cell = try cells.nextBytes() { read.append(Array(copying: cell)) } else { read.append(nil) }
      }
    }
    let (one, seven) = (PageTests.number(Int32(1)), PageTests.number(Int32(7)))
    #expect(read == [[0x61], [0x62], one, [0xff], nil, seven, [0xff], nil, seven])
    #expect(throws: RowError.self) {
      try Self.page([0x61], [0x61]).forEachRow { cells in for _ in 0..<4 { _ = try cells.nextBytes() } }
    }
  }

  @Test func aPageThatEndsWithinALentCellIsRefused() throws {
    let row = 4 + 9 + 4 + 1 + 4 + 4
    for cut in 1..<2 * row {
      // A row takes four bytes a cell at least: a page that is shorter is refused before it is read.
      guard let page = try? Self.page(Array("abcdefghi".utf8), [0x61], cutBy: cut) else { continue }
      #expect(throws: RowError.self, "\(cut)") { _ = try Self.texts(page) }
      #expect(throws: RowError.self, "\(cut)") {
        try page.forEachRow { cells in while true { _ = try cells.nextBytes() } }
      }
      #expect(throws: RowError.self, "\(cut)") {
        try page.forEachRow { cells in
          _ = (try cells.next(String.self), try cells.next(String.self), try cells.next(Int.self))
        }
      }
    }
  }

  /// The short way gives what the long one gives, or nothing.
  private static func expectSame<Value: CQLDecodable & Equatable>(
    _ type: Value.Type, _ bytes: [UInt8], _ column: CQLType
  ) -> Bool {
    guard (try? Value.check(column)) != nil, let plain = Value.decodePlain(bytes.span) else { return false }
    #expect(plain == (try? Value.decode(bytes.span, as: column)), "\(type) \(column) \(bytes)")
    return true
  }

  @Test func plainValuesAreThoseOfTheirColumns() {
    let types: [CQLType] = [
      .ascii, .text, .blob, .boolean, .tinyint, .smallint, .int, .bigint, .counter, .varint, .decimal, .double, .float,
      .uuid, .timeuuid, .timestamp, .date, .time, .inet, .duration, .empty, .list(.text), .tuple([.int]), .custom("c"),
    ]
    var dice = Dice(seed: 4711)
    var plain = 0
    for round in 0..<400 {
      let range: ClosedRange<UInt8> = round % 2 == 0 ? 0...127 : 0...255
      let bytes = (0..<round % 20).map { _ in UInt8.random(in: range, using: &dice) }
      for type in types {
        func same<Value: CQLDecodable & Equatable>(_ value: Value.Type) {
          if Self.expectSame(value, bytes, type) { plain += 1 }
          if Self.expectSame(Value?.self, bytes, type) { plain += 1 }
        }
        same(Bool.self)
        same(Int.self)
        same(Int8.self)
        same(Int16.self)
        same(Int32.self)
        same(Int64.self)
        same(UInt.self)
        same(UInt8.self)
        same(UInt16.self)
        same(UInt32.self)
        same(UInt64.self)
        same(String.self)
        same(CQLUUID.self)
        same(CQLTimestamp.self)
        same(CQLValue.self)
        same(Double.self)
        same([Int].self)
        if (try? Float.check(type)) != nil, let float = Float.decodePlain(bytes.span) {
          #expect(float.bitPattern == (try? Float.decode(bytes.span, as: type))?.bitPattern)
          plain += 1
        }
      }
    }
    #expect(plain > 1_000)
  }
}
