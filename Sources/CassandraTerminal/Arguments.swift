/// The options of a command, once they have been read from the command line.
public struct Arguments: Sendable {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  /// The value of an option; nil when it was not given.
  public subscript(_ option: String) -> String? { values[option] }

  /// Whether a flag was given.
  public func has(_ flag: String) -> Bool { values[flag] != nil }

  /// The value of an option as a whole number.
  ///
  /// - Throws: ``UsageError`` when it is not one, or not in `range`.
  public func integer(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = values[option] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError("--\(option) takes a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'.")
    }
    return number
  }
}

/// The command line does not say what to do.
public struct UsageError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, and what would be right.
  public let description: String

  /// Something is wrong.
  public init(_ description: String) { self.description = description }
}

/// An option of a command, such as `--port N`.
public struct CommandOption: Sendable {
  /// Its name, without the dashes.
  public let name: String
  /// What its value is called in the help; nil for a flag, which takes none.
  public let value: String?
  /// What it does, with its default.
  public let help: String

  /// An option with a value.
  public init(_ name: String, _ value: String, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }

  /// A flag.
  public init(flag name: String, _ help: String) {
    self.name = name
    value = nil
    self.help = help
  }
}

/// One thing that a program does, such as `serve`.
public struct Command: Sendable {
  /// Its name; empty for a program that does one thing only.
  public let name: String
  /// What it does, in a line.
  public let summary: String
  /// What it does, in full, for its own help.
  public let details: String
  /// Its options.
  public let options: [CommandOption]
  let run: @Sendable (Arguments) async throws -> Void

  /// Describes a command.
  public init(
    _ name: String, _ summary: String, details: String = "", options: [CommandOption] = [],
    run: @escaping @Sendable (Arguments) async throws -> Void
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.options = options
    self.run = run
  }
}
