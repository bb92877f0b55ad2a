import CassandraBytes

/// The fields of a head or of a trailer section, as they arrived: the bytes, and where in them each name and value stands.
///
/// Looking a field up compares bytes and allocates nothing; text is made when it is asked for. Values are free of control
/// characters other than tabs and of blanks at their ends. A value that is not UTF-8 becomes text with U+FFFD in place of
/// what is wrong: use `range` and `bytes` for the value as it is.
public struct Fields: Sendable {
  /// All bytes of the head, the first line included, or of the trailer section; every range refers to them.
  public internal(set) var bytes: [UInt8] = []

  var entries: [Entry] = []

  /// Where a field's name and value stand; 32 bits are enough for any head that the limits let through.
  struct Entry: Sendable {
    var name: ByteRange
    var value: ByteRange
  }

  /// No fields.
  public init() {}

  /// The value of the first field called `name`.
  public func first(_ name: FieldName) -> String? {
    guard let range = range(of: name) else { return nil }
    return bytes.span.text(range)
  }

  /// Where in `bytes` the value of the first field called `name` stands.
  public func range(of name: FieldName) -> Range<Int>? {
    guard let index = firstIndex(of: name) else { return nil }
    return entries[index].value.range
  }

  /// The first field called `name` at or after `start`; with it all fields of a name are found without allocating.
  public func firstIndex(of name: FieldName, from start: Int = 0) -> Int? {
    let length = name.text.utf8.count
    let bytes = self.bytes.span
    for index in start..<Swift.max(start, entries.count) where entries[index].name.count == length {
      if bytes.matches(name: name.text, in: entries[index].name.range) { return index }
    }
    return nil
  }

  /// The values of all fields called `name`, in their order.
  public func all(_ name: FieldName) -> [String] {
    var values: [String] = []
    var next = firstIndex(of: name)
    while let index = next {
      values.append(bytes.span.text(entries[index].value.range))
      next = firstIndex(of: name, from: index + 1)
    }
    return values
  }

  /// The values of all fields called `name` as one list, joined with `, ` (RFC 9110 §5.2).
  ///
  /// Not for `Set-Cookie`, whose values hold commas of their own (RFC 9110 §5.3).
  public func combined(_ name: FieldName) -> String? {
    let values = all(name)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// The elements of the list that all fields called `name` make together (RFC 9110 §5.6.1).
  ///
  /// Commas within quoted strings do not part elements; empty elements are left out.
  public func list(_ name: FieldName) -> [String] {
    var elements: [String] = []
    let bytes = self.bytes.span
    forEachElement(of: name) { elements.append(bytes.text($0)) }
    return elements
  }

  /// Whether `token` is an element of the list that all fields called `name` make, in any case.
  ///
  /// For example `fields.contains("upgrade", in: .connection)`; it allocates nothing.
  public func contains(_ token: String, in name: FieldName) -> Bool {
    var found = false
    let bytes = self.bytes.span
    forEachElement(of: name) { found = found || bytes.matches(name: token, in: $0) }
    return found
  }

  private func forEachElement(of name: FieldName, _ body: (Range<Int>) -> Void) {
    let bytes = self.bytes.span
    var next = firstIndex(of: name)
    while let index = next {
      var elements = ListElements(entries[index].value.range)
      while let element = elements.next(in: bytes) { body(element) }
      next = firstIndex(of: name, from: index + 1)
    }
  }
}

extension Fields: RandomAccessCollection {
  /// One field.
  public struct Field: Sendable {
    /// All bytes of the section.
    public let bytes: [UInt8]
    /// Where in `bytes` the name stands.
    public let nameRange: Range<Int>
    /// Where in `bytes` the value stands.
    public let valueRange: Range<Int>

    /// The name as it was sent.
    public var name: String { bytes.span.text(nameRange) }
    /// The value as text.
    public var value: String { bytes.span.text(valueRange) }
  }

  /// 0.
  public var startIndex: Int { 0 }
  /// How many fields there are.
  public var endIndex: Int { entries.count }

  /// The field at `index`; traps when there is none.
  public subscript(index: Int) -> Field {
    let entry = entries[index]
    return Field(bytes: bytes, nameRange: entry.name.range, valueRange: entry.value.range)
  }
}

/// The elements of one field value that is a list, as ranges (RFC 9110 §5.6.1).
///
/// Commas within quoted strings do not part elements; empty elements are passed over.
struct ListElements {
  private var position: Int
  private let end: Int

  init(_ value: Range<Int>) { (position, end) = (value.lowerBound, value.upperBound) }

  mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
    while position < end {
      let start = position
      var isQuoted = false
      scan: while position < end {
        switch bytes[position] {
        case UInt8(ascii: "\""): isQuoted.toggle()
        case UInt8(ascii: "\\") where isQuoted && position + 1 < end: position += 1
        case UInt8(ascii: ",") where !isQuoted: break scan
        case _: break
        }
        position += 1
      }
      let element = bytes.trimmed(start..<position)
      position += 1
      if !element.isEmpty { return element }
    }
    return nil
  }
}

/// A range of offsets in half the space of `Range<Int>`.
@usableFromInline
struct ByteRange: Sendable {
  @usableFromInline let start: UInt32
  @usableFromInline let end: UInt32

  @inline(__always)
  init(_ range: Range<Int>) {
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    end = UInt32(truncatingIfNeeded: range.upperBound)
  }

  /// The empty range at the start.
  init() { (start, end) = (0, 0) }

  @inlinable @inline(__always)
  var range: Range<Int> { Int(start)..<Int(end) }

  @inline(__always)
  var count: Int { Int(end) - Int(start) }

  /// Whether it is the place of a field's value, which has a name before it, and was not left at the start.
  @inline(__always)
  var isThere: Bool { start > 0 }
}
