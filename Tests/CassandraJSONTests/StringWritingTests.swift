import CassandraDice
import CassandraJSON
import Testing

@Suite struct StringWritingTests {
  @Test(arguments: [
    ("", #""""#),
    ("Ursus arctos", #""Ursus arctos""#),
    (#"a "quoted" \ word"#, #""a \"quoted\" \\ word""#),
    ("\u{8}\t\n\u{c}\r", #""\b\t\n\f\r""#),
    ("\0\u{1}\u{b}\u{1f}", #""\u0000\u0001\u000b\u001f""#),
    ("/ \u{7f} é ✓ 🐻 \u{2028}", "\"/ \u{7f} é ✓ 🐻 \u{2028}\""),
  ])
  func escapes(text: String, json: String) {
    #expect(written { $0.append(jsonString: text) } == json)
    #expect(written { $0.append(jsonString: Array(text.utf8).span) } == json)
    #expect(written { $0.append(json: text) } == json)
    #expect(written { $0.append(json: text[...]) } == json)
  }

  @Test func whatIsThereAlreadyStays() {
    #expect(
      written {
        $0 = [UInt8](ascii: "x=")
        $0.append(jsonString: "y\n")
      } == #"x="y\n""#)
  }

  /// The scan looks at eight bytes at once and lets the last word overlap: every byte has to be seen in every place.
  @Test func everyByteInEveryPlaceOfEveryLength() {
    let interesting: [UInt8] = [0, 8, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff]
    for length in 1...33 {
      for place in 0..<length {
        for byte in interesting {
          var text = [UInt8](repeating: UInt8(ascii: "a"), count: length)
          text[place] = byte
          var buffer: [UInt8] = []
          buffer.append(jsonString: text.span)
          #expect(buffer == reference(text), "\(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test func everyByteAlone() {
    for byte in UInt8.min...UInt8.max {
      var buffer: [UInt8] = []
      buffer.append(jsonString: [byte].span)
      #expect(buffer == reference([byte]))
    }
  }

  @Test func randomBytes() {
    var generator = Dice(seed: 1)
    for _ in 0..<2_000 {
      let ceiling = [0x30, 0x7f, 0xff].randomElement(using: &generator) ?? 0xff
      let text = (0..<Int.random(in: 0...70, using: &generator)).map { _ in
        UInt8(Int.random(in: 0...ceiling, using: &generator))
      }
      var buffer: [UInt8] = []
      buffer.append(jsonString: text.span)
      #expect(buffer == reference(text))
    }
  }

  /// Escaping as plainly as it can be said.
  private func reference(_ text: [UInt8]) -> [UInt8] {
    var result = [UInt8](ascii: "\"")
    for byte in text {
      switch byte {
      case 0x22: result += [UInt8](ascii: "\\\"")
      case 0x5c: result += [UInt8](ascii: "\\\\")
      case 0x08: result += [UInt8](ascii: "\\b")
      case 0x09: result += [UInt8](ascii: "\\t")
      case 0x0a: result += [UInt8](ascii: "\\n")
      case 0x0c: result += [UInt8](ascii: "\\f")
      case 0x0d: result += [UInt8](ascii: "\\r")
      case 0..<0x20: result += [UInt8](ascii: "\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
      default: result.append(byte)
      }
    }
    return result + [UInt8](ascii: "\"")
  }
}

extension [UInt8] {
  fileprivate init(ascii text: String) { self = Array(text.utf8) }
}
