import CassandraBytes
import CQLLanguage
import CassandraWire

/// The type of composites whose values say of each component which type it has: by a letter that the column's type
/// declares, or by the name of a class.
struct DynamicCompositeType {
  /// The type of a component, and in which direction it is ordered.
  struct Component {
    let type: CQLType
    let isReversed: Bool

    init?(_ className: Substring, _ type: (Substring) -> CQLType?) {
      guard let meaning = type(className) else { return nil }
      self.type = meaning
      let package = "org.apache.cassandra.db.marshal."
      let short = className.hasPrefix(bytesOf: package) ? className.dropFirst(bytes: package.utf8.count) : className
      isReversed = short.hasPrefix(bytesOf: "ReversedType(")
    }

    /// The class's name as Cassandra writes it.
    var className: String {
      isReversed
        ? "org.apache.cassandra.db.marshal.ReversedType(\(type.marshalClassName))" : type.marshalClassName
    }

    /// What components of different types are ordered by: the class's name without its package and parameters.
    var orderedName: Substring {
      className.prefix(beforeASCII: "(").split(ascii: ".").last ?? ""
    }
  }

  /// The letters with the types that they stand for.
  private let aliases: [(alias: UInt8, type: Component)]

  init(_ aliases: [(alias: UInt8, type: Component)]) {
    // Cassandra keeps them in a table of hashes, whose places are the letters' last bits.
    var places = 16
    while aliases.count * 4 > places * 3 { places *= 2 }
    self.aliases = aliases.enumerated().sorted {
      (Int($0.element.alias) % places, $0.offset) < (Int($1.element.alias) % places, $1.offset)
    }.map(\.element)
  }

  /// The parameters of the class's name.
  var parameters: String {
    aliases.map { "\(Unicode.Scalar($0.alias))=>\($0.type.className)" }.joined(separator: ",")
  }

  private func component(_ alias: UInt8) -> Component? { aliases.last { $0.alias == alias }?.type }

  /// The type of a component whose value names it. Only types without parts: values with components that are composites
  /// would nest as deep as whoever makes them wants.
  private static func component(className: String) -> Component? {
    Component(className[...]) { text in
      let type = CQLType(marshalClassName: String(text))
      switch type {
      case .list, .set, .map, .tuple, .udt, .vector: return nil
      case .custom(let name):
        guard case .lexicalUUID = ClassType(className: name) else { return nil }
        return .custom(ClassType.lexicalUUID.className)
      default: return type
      }
    }
  }
}

// MARK: - Text

extension DynamicCompositeType {
  /// The value that a text stands for: components as in a composite, each with its type and `@` before it.
  func bytes(_ text: String) throws(EngineFailure) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    var value: [UInt8] = []
    for part in CompositeType.components(of: text) {
      if let end = CompositeType.end(part) {
        if !value.isEmpty { value[value.count - 1] = end }
        break
      }
      try append(component: String(decoding: part, as: UTF8.self), to: &value)
    }
    return value
  }

  private func append(component part: String, to value: inout [UInt8]) throws(EngineFailure) {
    // Java's split leaves out empty pieces at the end.
    var pieces = part.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).map { Substring($0) }
    while pieces.count > 1, pieces.last?.isEmpty ?? false { pieces.removeLast() }
    guard pieces.count <= 2 else { throw Self.illegal("Invalid component representation: \(part)") }
    let name = pieces[0]
    let component: Component
    if name.utf8.count == 1, let alias = name.utf8.first, let known = self.component(alias) {
      value.append(bigEndian: 0x8000 | UInt16(alias))
      component = known
    } else {
      guard let known = Self.component(className: String(name)), let length = UInt16(exactly: name.utf8.count) else {
        throw Self.illegal(
          "org.apache.cassandra.exceptions.ConfigurationException: Unable to find abstract-type class "
            + "'org.apache.cassandra.db.marshal.\(name)'")
      }
      value.append(bigEndian: length)
      value.append(utf8: String(name))
      component = known
    }
    let text = pieces.count == 2 ? String(pieces[1]) : ""
    try CompositeType.append(text.isEmpty ? [] : CompositeType.bytes(of: text, component.type), to: &value)
  }

  private static func illegal(_ message: String) -> EngineFailure {
    EngineFailure(.serverError, "java.lang.IllegalArgumentException: \(message)")
  }
}

// MARK: - Bytes

extension DynamicCompositeType {
  /// Throws unless `value` is a value of the type.
  func validate(_ value: Span<UInt8>) throws(EngineFailure) {
    var position = 0
    var index = 0
    while position < value.count {
      guard value.count - position >= 2 else {
        throw EngineFailure.invalid("Not enough bytes to header of the comparator part of component \(index)")
      }
      let start = position
      guard let component = component(value, &position) else {
        let header = value.uint16(at: start)
        guard header & 0x8000 != 0 || Int(header) <= value.count - start - 2 else {
          throw EngineFailure.invalid("Not enough bytes to read comparator name of component \(index)")
        }
        throw EngineFailure.invalid("Cannot find comparator for component \(index)")
      }
      try CompositeType.validate(value, &position, index, component.type)
      index += 1
    }
  }

  /// Appends bytes that are ordered as Cassandra orders the values; what is no value comes behind its beginning.
  func append(_ value: Span<UInt8>, into key: inout [UInt8]) throws(EngineFailure) {
    var position = 0
    while position < value.count {
      let start = position
      guard let component = component(value, &position), let range = CompositeType.component(value, &position) else {
        key.append(OrderedKeyEncoding.present + 1)
        OrderedKeyEncoding.append(escaped: value.extracting(start..<value.count), into: &key)
        return
      }
      key.append(OrderedKeyEncoding.present)
      OrderedKeyEncoding.append(escaped: Array(component.orderedName.utf8).span, into: &key)
      try OrderedKeyEncoding.append(
        value.extracting(range), component.type, isDescending: component.isReversed, into: &key)
      key.append((position < value.count ? value[position] : 0) ^ 0x80)
      position += 1
    }
    key.append(OrderedKeyEncoding.absent)
  }

  /// The type that a component begins with; nil when there is none of this name.
  private func component(_ value: Span<UInt8>, _ position: inout Int) -> Component? {
    guard value.count - position >= 2 else { return nil }
    let header = value.uint16(at: position)
    position += 2
    if header & 0x8000 != 0 { return component(UInt8(truncatingIfNeeded: header)) }
    guard Int(header) <= value.count - position else { return nil }
    let name = [UInt8](copying: value.extracting(position..<position + Int(header)))
    position += Int(header)
    return String(validating: name.span).flatMap { Self.component(className: $0) }
  }
}
