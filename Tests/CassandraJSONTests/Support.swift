import CassandraJSON

/// The bytes of `text`, in which `\xNN` stands for one byte of any value.
func bytes(_ text: String) -> [UInt8] {
  var result: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"),
      let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
    {
      result.append(value)
      rest = rest.dropFirst(3)
    } else {
      result.append(byte)
    }
  }
  return result
}

/// What `body` appends to an empty buffer, as text.
func written(_ body: (inout [UInt8]) throws -> Void) rethrows -> String {
  var buffer: [UInt8] = []
  try body(&buffer)
  return String(decoding: buffer, as: UTF8.self)
}

/// The events of a text, one word each; an error is its code with line and column.
func transcript(_ text: [UInt8], _ limits: JSONLimits = JSONLimits()) -> String {
  var reader = JSONReader(text, limits: limits)
  var words: [String] = []
  do throws(JSONError) {
    while let event = try reader.next() {
      switch event {
      case .beginObject: words.append("{")
      case .endObject: words.append("}")
      case .beginArray: words.append("[")
      case .endArray: words.append("]")
      case .key(let name): words.append("\(name):")
      case .string(let text): words.append("'\(text)'")
      case .number(let number): words.append(number.text)
      case .bool(let flag): words.append(flag ? "true" : "false")
      case .null: words.append("null")
      }
    }
  } catch {
    words.append("\(error.code)@\(error.line ?? 0):\(error.column ?? 0)")
  }
  return words.joined(separator: " ")
}

/// The error that `body` throws, if it is one of ours.
func error(_ body: () throws -> Void) -> JSONError? {
  do {
    try body()
    return nil
  } catch { return error as? JSONError }
}

func parse(
  _ text: String, limits: JSONLimits = JSONLimits(), duplicateKeys: JSONDuplicateKeys = .refuse
) throws(JSONError) -> JSONValue {
  try JSONValue(parsing: Array(text.utf8), limits: limits, duplicateKeys: duplicateKeys)
}
