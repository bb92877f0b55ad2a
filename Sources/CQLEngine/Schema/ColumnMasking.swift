import CassandraBytes
import CQLLanguage
import CassandraWire

/// What those see of a column who may not see its values: a masking function of them.
struct ColumnMasking: Sendable {
  /// The function.
  let function: ScalarFunction
  /// Its arguments behind the column's value.
  let arguments: [ArraySlice<UInt8>?]

  init(_ function: ScalarFunction, _ arguments: [ArraySlice<UInt8>?]) {
    self.function = function
    self.arguments = arguments
  }

  /// The mask that a document says; nil when there is no such function of that type.
  init?(named name: String, of type: CQLType, _ arguments: [ArraySlice<UInt8>?]) {
    let known = MaskingFunctions.argumentTypes(name, of: type).prefix(arguments.count + 1).map { type in
      Argument(text: "", type: type) { $0 == type ? .exact : .none }
    }
    guard known.count == arguments.count + 1, let function = try? MaskingFunctions.function(name, known)
    else { return nil }
    self.init(function, arguments)
  }

  /// What stands for an expression of the column's value.
  func expression(of value: Expression) -> Expression {
    .call(function, [value] + arguments.map { argument in argument.map { .constant($0) } ?? .null })
  }

  /// The types of the arguments.
  var argumentTypes: [CQLType] { Array(function.argumentTypes.dropFirst()) }

  /// As CQL writes it behind `MASKED WITH`.
  var cql: String {
    let texts = zip(arguments, argumentTypes).map { value, type in
      value.map { MaskArgument.cql($0, type) } ?? "null"
    }
    return "\(function.qualifiedName)(\(texts.joined(separator: ", ")))"
  }
}

/// Arguments of masks as texts.
enum MaskArgument {
  /// A value as a literal.
  static func cql(_ value: ArraySlice<UInt8>, _ type: CQLType) -> String {
    switch type {
    case .text, .ascii: Constant.quoted(String(decoding: value, as: UTF8.self))
    default: literal(value, type)
    }
  }

  /// A value as `system_schema.column_masks` has it.
  static func text(_ value: ArraySlice<UInt8>, _ type: CQLType) -> String {
    switch type {
    case .text, .ascii: return String(decoding: value, as: UTF8.self)
    case .blob, .list, .set, .map:
      var digits: [UInt8] = []
      digits.append(hexadecimal: value.span)
      return String(decoding: digits, as: UTF8.self)
    case .tuple(let types): return text(fields: value, types)
    case .udt(let definition): return text(fields: value, definition.fields.map(\.type))
    default:
      let literal = literal(value, type)
      return literal.hasPrefix(bytesOf: "'") ? String(literal.dropFirst(bytes: 1).dropLast(bytes: 1)) : literal
    }
  }

  private static func text(fields value: ArraySlice<UInt8>, _ types: [CQLType]) -> String {
    zip(Parts.fields(value, count: types.count), types).map { field, type in
      field.map { text($0, type) } ?? "@"
    }.joined(separator: ":")
  }

  private static func literal(_ value: ArraySlice<UInt8>, _ type: CQLType) -> String {
    (try? CQLValue.decode(value.span, as: type))?.description ?? ""
  }
}
