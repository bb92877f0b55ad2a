import Foundation

/// What `strace -f -xx` printed of the system calls that write and sync, in the order in which it saw them begin and end.
///
/// A thread is stopped while strace writes a call down, at its beginning and at its end. So what one thread does because
/// another has done something stands behind it, also when the two run at the same time.
struct SystemCalls {
  /// A call that begins or ends.
  enum Event: Equatable {
    case began(Call)
    /// With what it returned; -1 when it failed.
    case ended(Call, result: Int)
  }

  /// A call with what is of interest of its arguments.
  struct Call: Equatable {
    /// The thread that made it.
    var thread: Int
    var name: String
    /// The descriptor and what it is of, as strace shows it.
    var file: String
    /// What is written, the pieces of a vector one after the other.
    var bytes: [UInt8]
    /// Where it is written, for `pwrite64`.
    var offset: Int
  }

  /// The calls that are watched.
  static let names = "pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync"

  private(set) var events: [Event] = []
  private var open: [Int: Call] = [:]

  /// Reads what strace wrote.
  init(_ text: some Sequence<UInt8>) throws {
    for line in Array(text).split(separator: UInt8(ascii: "\n")) { try read(line) }
  }

  private mutating func read(_ line: ArraySlice<UInt8>) throws {
    let digits = line.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let thread = Int(String(decoding: digits, as: UTF8.self)) else { throw Failure(line) }
    let rest = line[digits.endIndex...].drop { $0 == UInt8(ascii: " ") }
    // An exit, or a signal.
    if rest.starts(with: "+++".utf8) || rest.starts(with: "---".utf8) { return }
    if rest.starts(with: "<...".utf8) {
      guard let call = open.removeValue(forKey: thread) else { throw Failure(line) }
      events.append(.ended(call, result: try Self.result(rest)))
      return
    }
    let call = try Self.call(thread, rest)
    events.append(.began(call))
    if rest.hasSuffix("<unfinished ...>") {
      open[thread] = call
    } else {
      events.append(.ended(call, result: try Self.result(rest)))
    }
  }

  /// `pwrite64(7<\x2f…>, "\x37…", 24, 0) = 24`, or the same without its end.
  private static func call(_ thread: Int, _ text: ArraySlice<UInt8>) throws -> Call {
    guard let parenthesis = text.firstIndex(of: UInt8(ascii: "(")),
      let end = text[parenthesis...].firstIndex(where: { $0 == UInt8(ascii: ">") })
    else { throw Failure(text) }
    let name = String(decoding: text[..<parenthesis], as: UTF8.self)
    var call = Call(
      thread: thread, name: name, file: String(decoding: text[(parenthesis + 1)...end], as: UTF8.self), bytes: [],
      offset: 0)
    let parts = text[(end + 1)...].split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    for index in stride(from: 1, to: parts.count, by: 2) { call.bytes += try hexadecimal(parts[index]) }
    if name == "pwrite64", let last = parts.last {
      let numbers = String(decoding: last, as: UTF8.self).split { !$0.isNumber }
      guard numbers.count >= 2, let offset = Int(numbers[1]) else { throw Failure(text) }
      call.offset = offset
    }
    return call
  }

  /// `\x0a\x0b`.
  private static func hexadecimal(_ text: ArraySlice<UInt8>) throws -> [UInt8] {
    guard text.count % 4 == 0 else { throw Failure(text) }
    func digit(_ byte: UInt8) -> UInt8 { byte < 0x3a ? byte &- 0x30 : byte &- 0x57 }
    return stride(from: text.startIndex, to: text.endIndex, by: 4).map {
      digit(text[$0 + 2]) << 4 | digit(text[$0 + 3])
    }
  }

  /// The number behind the last `= `.
  private static func result(_ text: ArraySlice<UInt8>) throws -> Int {
    guard let sign = text.lastIndex(of: UInt8(ascii: "=")) else { throw Failure(text) }
    let number = text[sign...].dropFirst(2).prefix { $0 != UInt8(ascii: " ") }
    // A call that the end of the process has cut off returns `?`.
    if number.elementsEqual("?".utf8) { return -1 }
    // Behind a failure stand its name and a sentence, which may hold no second sign.
    guard let result = Int(String(decoding: number, as: UTF8.self)) else { throw Failure(text) }
    return result
  }

  /// A line that strace is not known to write.
  struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ line: ArraySlice<UInt8>) { description = String(decoding: line.prefix(200), as: UTF8.self) }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
