import CassandraBytes
import CQLLanguage

/// Writes the parts of the schema's document: numbers in network byte order, texts and lists with their length before them.
struct DocumentWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ number: some FixedWidthInteger) { bytes.append(bigEndian: number) }

  mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

  mutating func write(_ text: String) {
    write(UInt32(text.utf8.count))
    bytes.append(utf8: text)
  }

  mutating func write<Element>(_ list: [Element], _ body: (inout DocumentWriter, Element) -> Void) {
    write(UInt32(list.count))
    for element in list { body(&self, element) }
  }

  mutating func write(_ entries: NameMap<String>) {
    write(entries.sorted) { writer, entry in
      writer.write(entry.key)
      writer.write(entry.value)
    }
  }

  mutating func write(_ type: TypeName) {
    switch type {
    case .native(let native):
      write(UInt8(0))
      write(native.rawValue)
    case .list(let element):
      write(UInt8(1))
      write(element)
    case .set(let element):
      write(UInt8(2))
      write(element)
    case .map(let key, let value):
      write(UInt8(3))
      write(key)
      write(value)
    case .tuple(let elements):
      write(UInt8(4))
      write(elements) { $0.write($1) }
    case .vector(let element, let dimension):
      write(UInt8(5))
      write(element)
      write(UInt32(truncatingIfNeeded: dimension))
    case .frozen(let inner):
      write(UInt8(6))
      write(inner)
    case .userDefined(let name):
      write(UInt8(7))
      write(name.name.name)
    case .custom(let className):
      write(UInt8(8))
      write(className)
    }
  }
}

/// Reads what ``DocumentWriter`` writes; of damaged bytes it makes empty values and says so at the end.
struct DocumentReader {
  private let bytes: [UInt8]
  private var position = 0
  /// Whether something was read that was not there.
  private(set) var isDamaged = false
  /// Whether dropped columns have their numbers.
  var hasDroppedNumbers = true
  private var depth = 0

  /// How many types may stand inside of each other.
  private static let maximumDepth = 128

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number {
    let size = Number.bitWidth / 8
    guard bytes.count - position >= size else {
      isDamaged = true
      return 0
    }
    var number: Number = 0
    for index in position..<position + size {
      number = Number.bitWidth > 8 ? number << 8 | Number(bytes[index]) : Number(truncatingIfNeeded: bytes[index])
    }
    position += size
    return number
  }

  mutating func boolean() -> Bool { number(UInt8.self) != 0 }

  /// The number of elements of a list, each of which takes at least a byte.
  mutating func count() -> Int {
    let count = Int(number(UInt32.self))
    guard count <= bytes.count - position else {
      isDamaged = true
      return 0
    }
    return count
  }

  mutating func text() -> String {
    let count = count()
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  mutating func entries() -> NameMap<String> {
    var entries: NameMap<String> = [:]
    for _ in 0..<count() {
      let key = text()
      entries[key] = text()
    }
    return entries
  }

  mutating func typeName() -> TypeName {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      isDamaged = true
      return .native(.blob)
    }
    switch number(UInt8.self) {
    case 0:
      guard let native = NativeType(rawValue: text()) else { break }
      return .native(native)
    case 1: return .list(typeName())
    case 2: return .set(typeName())
    case 3:
      let key = typeName()
      return .map(key: key, value: typeName())
    case 4: return .tuple((0..<count()).map { _ in typeName() })
    case 5:
      let element = typeName()
      return .vector(element: element, dimension: Int(number(UInt32.self)))
    case 6: return .frozen(typeName())
    case 7: return .userDefined(QualifiedName(Identifier(text())))
    case 8: return .custom(className: text())
    default: break
    }
    isDamaged = true
    return .native(.blob)
  }
}
