import CassandraBytes

/// What a storage-attached index does with a text before it compares it, as its options say: texts that become the same
/// are the same for it.
struct TextAnalysis: Sendable, Hashable {
  /// Whether capital letters are as good as small ones: `case_sensitive` is false.
  private var ignoresCase = false
  /// Whether letters that are written in several ways are one: `normalize`.
  private var normalizes = false
  /// Whether letters and signs are taken for those of ASCII: `ascii`.
  private var foldsToASCII = false

  /// What the options of an index say; nil when texts are compared as they are.
  init?(_ options: [(String, String)]) {
    for (key, value) in options {
      let isTrue = value.lowercased() == "true"
      switch key {
      case "case_sensitive": ignoresCase = !isTrue
      case "normalize": normalizes = isTrue
      case "ascii": foldsToASCII = isTrue
      default: break
      }
    }
    guard ignoresCase || normalizes || foldsToASCII else { return nil }
  }

  /// A text as it is compared, in Cassandra's order: small letters first, then the normal form, then ASCII.
  func apply(_ value: Span<UInt8>) -> [UInt8] {
    var bytes = [UInt8](copying: value)
    if bytes.allSatisfy({ $0 < 0x80 }) {
      guard ignoresCase else { return bytes }
      for index in bytes.indices where (0x41...0x5a).contains(bytes[index]) { bytes[index] |= 0x20 }
      return bytes
    }
    var text = String(decoding: bytes, as: UTF8.self)
    if ignoresCase { text = SmallLetters.text(text) }
    if normalizes { text = NormalForm.composed(text) }
    if foldsToASCII { text = ASCIIFolding.text(text) }
    return Array(text.utf8)
  }
}

/// Texts in small letters, as Java writes them.
enum SmallLetters {
  private static let sigma: Unicode.Scalar = "\u{3a3}"

  /// The text in small letters; at the end of a word Greek has a sigma of its own.
  static func text(_ text: String) -> String {
    var lower = ""
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      guard scalar == sigma else {
        lower += scalar.properties.lowercaseMapping
        continue
      }
      // What is passed over here ends at the next letter, so nothing is passed over more than twice.
      let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
      let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
      let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
      lower += endsWord ? "\u{3c2}" : "\u{3c3}"
    }
    return lower
  }
}

/// The form of Unicode's in which a letter is written in one way only: NFC.
enum NormalForm {
  /// The text in that form.
  static func composed(_ text: String) -> String {
    // The standard library has this form because it compares by it, and no other name for it.
    String(decoding: ordered(text)._nfcCodeUnits, as: UTF8.self)
  }

  /// The text with the marks behind each letter in their canonical order.
  ///
  /// The standard library puts them in order by insertion, which takes the square of their number: 60,000 marks behind one
  /// letter would take it seconds. What it finds in order it passes over.
  private static func ordered(_ text: String) -> String {
    var output = "".unicodeScalars
    var marks: [(rank: UInt8, place: Int, scalar: Unicode.Scalar)] = []
    func add(_ scalar: Unicode.Scalar, _ rank: UInt8) { marks.append((rank, marks.count, scalar)) }
    func flush() {
      marks.sort { ($0.rank, $0.place) < ($1.rank, $1.place) }
      for mark in marks { output.append(mark.scalar) }
      marks.removeAll(keepingCapacity: true)
    }
    for scalar in text.unicodeScalars {
      switch scalar.value {
      // Three signs that are none by themselves, but consist of marks of two ranks.
      case 0xf73:
        add("\u{f71}", 129)
        add("\u{f72}", 130)
      case 0xf75:
        add("\u{f71}", 129)
        add("\u{f74}", 132)
      case 0xf81:
        add("\u{f71}", 129)
        add("\u{f80}", 130)
      default:
        let rank = scalar.value < 0x300 ? 0 : scalar.properties.canonicalCombiningClass.rawValue
        guard rank == 0 else {
          add(scalar, rank)
          continue
        }
        if !marks.isEmpty { flush() }
        output.append(scalar)
      }
    }
    flush()
    return String(output)
  }
}
