internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A program of the command line with its commands. `--help` and `--version` are understood by every one.
public struct Program: Sendable {
  private let name: String
  private let summary: String
  private let commands: [Command]
  private let closing: String

  /// Describes a program.
  ///
  /// - Parameter closing: What the help says at its end.
  public init(_ name: String, _ summary: String, commands: [Command], closing: String = "") {
    self.name = name
    self.summary = summary
    self.commands = commands
    self.closing = closing
  }

  /// Reads the command line and does what it says, on the calling thread, which is the main one; does not return. Tasks
  /// that ask for no other executor run there, too.
  ///
  /// The status is 0 when it was done, 2 when the command line is wrong, and 1 when the command failed; what went wrong
  /// is written to standard error.
  public func main(_ arguments: [String] = Array(CommandLine.arguments.dropFirst())) -> Never {
    openStandardDescriptors()
    MainThread.run { await run(arguments) }
  }

  private func run(_ arguments: [String]) async -> Never {
    do {
      switch try parse(arguments) {
      case .help(let text): print(text, terminator: "")
      case .run(let command, let arguments): try await command.run(arguments)
      }
    } catch let error as UsageError {
      writeError("\(name): \(error)\nSee \(name) --help.\n")
      exit(2)
    } catch {
      writeError("\(name): \(error)\n")
      exit(1)
    }
    fflush(nil)
    exit(0)
  }

  enum Action {
    case help(String)
    case run(Command, Arguments)
  }

  func parse(_ arguments: [String]) throws(UsageError) -> Action {
    var rest = arguments[...]
    if rest.first == "--version" { return .help("\(name) \(PackageVersion.text)\n") }
    if commands.count == 1, let only = commands.first, only.name.isEmpty {
      return try parse(only, rest)
    }
    guard let first = rest.popFirst() else { return .help(help) }
    if first == "--help" || first == "-h" || first == "help" {
      guard let name = rest.first, let command = commands.first(where: { $0.name == name }) else { return .help(help) }
      return .help(help(of: command))
    }
    guard let command = commands.first(where: { $0.name == first }) else {
      throw UsageError(
        "there is no command '\(first)'; the commands are \(commands.map(\.name).joined(separator: ", ")).")
    }
    return try parse(command, rest)
  }

  private func parse(_ command: Command, _ arguments: ArraySlice<String>) throws(UsageError) -> Action {
    var rest = arguments
    var values: [String: String] = [:]
    while let argument = rest.popFirst() {
      if argument == "--help" || argument == "-h" { return .help(help(of: command)) }
      guard argument.hasPrefix("--") else { throw UsageError("'\(argument)' is not an option.") }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = command.options.first(where: { $0.name == name }) else {
        let known = command.options.map { "--\($0.name)" }.joined(separator: ", ")
        throw UsageError("there is no option --\(name)\(known.isEmpty ? "" : "; there are \(known)").")
      }
      guard values[name] == nil else { throw UsageError("--\(name) is given twice.") }
      if option.value == nil {
        guard parts.count == 1 else { throw UsageError("--\(name) takes no value.") }
        values[name] = ""
      } else if parts.count == 2 {
        values[name] = String(parts[1])
      } else if let value = rest.popFirst() {
        values[name] = value
      } else {
        throw UsageError("--\(name) needs a value: --\(name) \(option.value ?? "").")
      }
    }
    return .run(command, Arguments(values))
  }
}

// MARK: - Help

extension Program {
  var help: String {
    var text = "\(summary)\n\nusage: \(name) COMMAND [OPTIONS]\n\ncommands:\n"
    let width = (commands.map(\.name.count).max() ?? 0) + 2
    for command in commands { text += "  \(pad(command.name, width))\(command.summary)\n" }
    text += "\n\(name) COMMAND --help tells the options of a command.\n"
    return closing.isEmpty ? text : text + "\n\(closing)\n"
  }

  func help(of command: Command) -> String {
    var text = "\(command.summary)\n\nusage: \(name)\(command.name.isEmpty ? "" : " \(command.name)")"
    if !command.options.isEmpty { text += " [OPTIONS]" }
    text += "\n"
    if !command.details.isEmpty { text += "\n\(command.details)\n" }
    guard !command.options.isEmpty else { return text }
    text += "\noptions:\n"
    let shown = command.options.map { "--\($0.name)\($0.value.map { " \($0)" } ?? "")" }
    let width = (shown.map(\.count).max() ?? 0) + 2
    for (option, name) in zip(command.options, shown) { text += "  \(pad(name, width))\(option.help)\n" }
    return command.name.isEmpty && !closing.isEmpty ? text + "\n\(closing)\n" : text
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

/// Writes to standard error, for a person. What a server or a file has said may be part of it: a terminal does not act upon
/// it.
public func writeError(_ text: String) {
  var text = text.shown(keepingLines: true, limit: maximumErrorBytes)
  if text.utf8.last != UInt8(ascii: "\n") { text += "\n" }
  fflush(nil)
  text.withUTF8 { bytes in
    // A terminal takes it whole; when nobody can be told, nothing is left to do.
    _ = write(2, bytes.baseAddress, bytes.count)
  }
}

/// Bytes of an error that are written: 16 KiB. What is wrong may be quoted in it, as long as it is.
private let maximumErrorBytes = 16 << 10

/// Prints a line for a person, of which names of files and words of servers may be a part: a terminal does not act upon them.
public func printLine(_ text: String) {
  print(text.shown())
  fflush(nil)
}

/// Opens those of standard input, output and error that are closed, at nothing: the next file or socket would get their
/// numbers otherwise, and what is printed would go there.
private func openStandardDescriptors() {
  for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
    // The lowest free number is taken, which is this one.
    _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
  }
}
