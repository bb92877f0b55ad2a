import CassandraBytes

extension CQLValue: CustomStringConvertible {
  /// The value as a literal of CQL, such as `{'a': [1, 2]}`; `null`, `unset` and, of no bytes, `''`.
  public var description: String {
    switch self {
    case .null: "null"
    case .unset: "unset"
    case .empty: "''"
    case .ascii(let text), .text(let text): Self.quoted(text)
    case .blob(let bytes), .custom(let bytes): Self.hexadecimal(bytes)
    case .boolean(let value): value.description
    case .tinyint(let number): number.description
    case .smallint(let number): number.description
    case .int(let number): number.description
    case .bigint(let number), .counter(let number): number.description
    case .varint(let number): number.description
    case .decimal(let number): number.description
    case .float(let number): number.isFinite ? number.description : Self.notFinite(Double(number))
    case .double(let number): number.isFinite ? number.description : Self.notFinite(number)
    case .uuid(let uuid), .timeuuid(let uuid): uuid.description
    case .inet(let address): "'\(address)'"
    case .date(let date): "'\(date)'"
    case .time(let time): "'\(time)'"
    case .timestamp(let timestamp): "'\(timestamp)'"
    case .duration(let duration): duration.description
    case .list(let elements), .vector(let elements): "[\(Self.joined(elements))]"
    case .set(let elements): "{\(Self.joined(elements))}"
    case .map(let entries): "{\(entries.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    case .tuple(let fields): "(\(Self.joined(fields)))"
    case .udt(let fields): "{\(fields.map { "\($0.name): \($0.value)" }.joined(separator: ", "))}"
    }
  }

  private static func joined(_ values: [CQLValue]) -> String { values.map(\.description).joined(separator: ", ") }

  private static func notFinite(_ number: Double) -> String {
    number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(ascii: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    var digits: [UInt8] = Array("0x".utf8)
    digits.append(hexadecimal: bytes.span)
    return String(decoding: digits, as: UTF8.self)
  }
}
