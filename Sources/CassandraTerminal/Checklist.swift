internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Tells a person what became of one check after the other, a line for each: with marks and colours on a terminal, in
/// plain words elsewhere. The variable `NO_COLOR` leaves the colours out.
public struct Checklist: Sendable {
  /// What became of a check.
  public enum Mark: String, Sendable, CaseIterable {
    /// All is well.
    case ok
    /// It works, and somebody should look at it.
    case warning
    /// It does not work.
    case failed
    /// It was not looked at.
    case skipped
  }

  /// Columns of a label; a longer one is followed by a blank.
  static let labelWidth = 13

  private let isTerminal: Bool
  private let hasColours: Bool

  /// Begins, on standard output.
  public init() {
    isTerminal = isatty(1) == 1
    hasColours = isTerminal && getenv("NO_COLOR") == nil
  }

  /// Says what is being looked at; on a terminal only, where the outcome takes its place.
  public func begin(_ label: String) {
    guard isTerminal else { return }
    print("\r\u{1b}[K… \(label.shown())", terminator: "")
    fflush(nil)
  }

  /// Says what became of a check. What a server has said may be part of it: a terminal does not act upon it.
  ///
  /// - Parameters:
  ///   - mark: The outcome.
  ///   - label: What was looked at, in a word or two.
  ///   - text: What was found.
  ///   - advice: What to do about it, on a line of its own; empty for none.
  public func report(_ mark: Mark, _ label: String, _ text: String, advice: String = "") {
    let lines = Self.lines(mark, label, text, advice: advice, isTerminal: isTerminal, hasColours: hasColours)
    print(isTerminal ? "\r\u{1b}[K\(lines)" : lines)
    fflush(nil)
  }

  static func lines(
    _ mark: Mark, _ label: String, _ text: String, advice: String, isTerminal: Bool, hasColours: Bool
  ) -> String {
    var sign = isTerminal ? mark.sign : mark.rawValue
    let width = isTerminal ? 2 : 9
    sign += String(repeating: " ", count: width - sign.count)
    let (label, text, advice) = (label.shown(), text.shown(keepingLines: true), advice.shown(keepingLines: true))
    let name = label + String(repeating: " ", count: max(1, labelWidth - label.count))
    let margin = String(repeating: " ", count: width + labelWidth)
    var lines = (hasColours ? "\(mark.colour)\(sign)\u{1b}[0m" : sign) + name + Self.indented(text, margin)
    if !advice.isEmpty { lines += "\n\(margin)→ \(indented(advice, margin + "  "))" }
    return lines
  }

  private static func indented(_ text: String, _ margin: String) -> String {
    text.split(ascii: "\n", omittingEmptySubsequences: false).joined(separator: "\n\(margin)")
  }
}

extension Checklist.Mark {
  fileprivate var sign: String {
    switch self {
    case .ok: "✓"
    case .warning: "!"
    case .failed: "✗"
    case .skipped: "-"
    }
  }

  fileprivate var colour: String {
    switch self {
    case .ok: "\u{1b}[32m"
    case .warning: "\u{1b}[33m"
    case .failed: "\u{1b}[31m"
    case .skipped: "\u{1b}[2m"
    }
  }
}
