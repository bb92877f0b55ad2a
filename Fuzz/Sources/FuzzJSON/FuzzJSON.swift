import CassandraBytes
import FuzzDriver
import CassandraJSON

/// What is read, written again, reads back as the same; what is refused is refused by every way to read it.
@main
enum FuzzJSON {
  static func main() {
    runFuzzer { input in
      checkReading(input)
      checkLimits(input)
      checkStrings(input)
    }
  }

  private static func checkReading(_ input: [UInt8]) {
    var reader = JSONReader(input)
    var events = 0
    var place: Int?
    do throws(JSONError) {
      while try reader.next() != nil {
        events += 1
        precondition(reader.offset < input.count, "an event begins behind the text")
      }
    } catch {
      place = error.offset
      precondition((error.offset ?? .max) <= input.count, "an error is behind the text")
      precondition((error.line ?? 0) >= 1 && (error.column ?? 0) >= 1, "an error has no place")
      precondition(error.debugDescription.utf8.count < 300, "a message quotes too much")
    }
    precondition(events <= input.count, "more events than bytes")

    let tree: JSONValue
    do throws(JSONError) {
      tree = try JSONValue(parsing: input, duplicateKeys: .lastWins)
    } catch {
      precondition(place == error.offset, "the tree is refused, the events are not, or elsewhere")
      precondition((try? JSONValue(parsing: input)) == nil, "what is refused is taken when duplicates are refused")
      return
    }
    precondition(place == nil, "the events are refused, the tree is not")
    checkWriting(tree)
    checkParts(tree)
    if let strict = try? JSONValue(parsing: input) {
      precondition(strict == tree, "without duplicates the policy makes a difference")
    }
  }

  private static func checkWriting(_ tree: JSONValue) {
    var text: [UInt8] = []
    text.append(json: tree)
    precondition((try? JSONValue(parsing: text)) == tree, "a tree does not read back")
    var encoded: [UInt8] = []
    try? encoded.append(jsonEncoding: tree)
    precondition(encoded == text, "encoding and writing differ")
    precondition((try? JSONValue(jsonDecoding: text)) == tree, "decoding differs")
    if text.last == UInt8(ascii: "]") || text.last == UInt8(ascii: "}") {
      precondition((try? JSONValue(parsing: text.dropLast())) == nil, "a text that is cut is taken for a whole one")
    }
  }

  private static func checkParts(_ value: JSONValue) {
    switch value {
    case .null, .bool: break
    case .number(let number): checkNumber(number)
    case .string(let text): _ = JSONNumber(text).map(checkNumber)
    case .array(let elements): for element in elements { checkParts(element) }
    case .object(let members):
      for member in members {
        precondition(value[member.name.text] == member.value, "a member is not found by its name")
        checkParts(member.value)
      }
    }
  }

  private static func checkNumber(_ number: JSONNumber) {
    precondition(JSONNumber(number.text) == number, "the text of a number is no number")
    if let exact = number.exactInt {
      precondition(number.isWhole, "an integer is not whole")
      precondition(number.double == Double(exact), "the integer and the nearest double differ")
      precondition(number.exactInteger(Int128.self) == Int128(exact), "the widths differ")
    } else if number.isWhole, let wide = number.exactInteger(Int128.self) {
      precondition(Int(exactly: wide) == nil, "an integer was not found")
    }
    precondition((try? JSONValue.number(number).decode(Int.self)) == number.exactInt, "decoding an integer differs")
    precondition((try? JSONValue.number(number).decode(Double.self)) == number.double, "decoding a double differs")
    precondition((try? JSONValue.number(number).decode(Float.self)) == number.float, "decoding a float differs")
  }

  /// Limits that the first byte chooses may refuse, and never take what the default limits refuse.
  private static func checkLimits(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let limits = JSONLimits(
      bytes: Int(first) * 4, depth: Int(first & 7), stringBytes: Int(first >> 3 & 15), numberBytes: Int(first >> 5))
    if (try? JSONValue(parsing: input, limits: limits)) != nil {
      precondition((try? JSONValue(parsing: input)) != nil, "narrow limits take more than wide ones")
    }
  }

  /// Any text can be written, and reads back.
  private static func checkStrings(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    var written: [UInt8] = []
    written.append(jsonString: text)
    let limits = JSONLimits(bytes: .max, stringBytes: .max)
    precondition((try? JSONValue(parsing: written, limits: limits)) == .string(text), "a string does not read back")
    var raw: [UInt8] = []
    raw.append(jsonString: input.span)
    let isValid = text.utf8.elementsEqual(input)
    precondition((raw == written) == isValid, "writing bytes and writing text differ")
    precondition(((try? JSONValue(parsing: raw, limits: limits)) != nil) == isValid, "bytes that are no UTF-8 are read")
  }
}
