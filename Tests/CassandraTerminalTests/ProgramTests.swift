import CassandraBytes
import Testing

@testable import CassandraTerminal

@Suite struct ProgramTests {
  private let program = Program(
    "tool", "Does things.",
    commands: [
      Command(
        "serve", "Serve it.", details: "At length.",
        options: [CommandOption("port", "N", "port (5000)"), CommandOption(flag: "quiet", "say nothing")],
        run: { _ in }),
      Command("init", "Make it.", run: { _ in }),
    ], closing: "At the end.")

  private func arguments(_ line: String...) throws -> Arguments {
    guard case .run(_, let arguments) = try program.parse(line) else {
      throw UsageError("this asks for help")
    }
    return arguments
  }

  private func help(_ line: String...) throws -> String {
    guard case .help(let text) = try program.parse(line) else { throw UsageError("this does not ask for help") }
    return text
  }

  private func refusal(_ line: String...) throws -> String {
    try #require(throws: UsageError.self) { try program.parse(line) }.description
  }

  @Test func optionsAreRead() throws {
    #expect(try arguments("serve")["port"] == nil)
    #expect(try arguments("serve", "--port", "80")["port"] == "80")
    #expect(try arguments("serve", "--port=80")["port"] == "80")
    #expect(try arguments("serve", "--port=")["port"] == "")
    #expect(try arguments("serve", "--port=a=b")["port"] == "a=b")
    #expect(try arguments("serve", "--quiet").has("quiet"))
    #expect(try !arguments("serve").has("quiet"))
  }

  @Test func numbersAreChecked() throws {
    #expect(try arguments("serve", "--port", "80").integer("port", in: 0...65_535) == 80)
    #expect(try arguments("serve").integer("port", in: 0...65_535) == nil)
    for text in ["", "-1", "65536", "70000", "eighty", "8 0", "99999999999999999999"] {
      let error = try #require(throws: UsageError.self) {
        try arguments("serve", "--port=\(text)").integer("port", in: 0...65_535)
      }
      #expect(error.description == "--port takes a number from 0 to 65535, not '\(text)'.")
    }
  }

  @Test func theVersionIsThatOfThePackage() throws {
    #expect(try help("--version") == "tool \(PackageVersion.text)\n")
    let single = Program("one", "Does one thing.", commands: [Command("", "Does it.", run: { _ in })])
    guard case .help(let text) = try single.parse(["--version"]) else { throw UsageError("this does not tell it") }
    #expect(text == "one \(PackageVersion.text)\n")
    #expect(PackageVersion.text.split(separator: ".").compactMap { Int($0) }.count == 3)
  }

  @Test func mistakesAreNamed() throws {
    #expect(try refusal("dance") == "there is no command 'dance'; the commands are serve, init.")
    #expect(try refusal("serve", "--prot", "1") == "there is no option --prot; there are --port, --quiet.")
    #expect(try refusal("init", "--prot") == "there is no option --prot.")
    #expect(try refusal("serve", "80") == "'80' is not an option.")
    #expect(try refusal("serve", "--port") == "--port needs a value: --port N.")
    #expect(try refusal("serve", "--port", "1", "--port", "2") == "--port is given twice.")
    #expect(try refusal("serve", "--quiet=yes") == "--quiet takes no value.")
    #expect(try refusal("serve", "--") == "there is no option --; there are --port, --quiet.")
  }

  @Test func helpIsThere() throws {
    let all = try help()
    #expect(try help("--help") == all && help("-h") == all && help("help") == all)
    for part in ["Does things.", "usage: tool COMMAND", "serve", "Make it.", "At the end."] {
      #expect(all.contains(part))
    }
    let serve = try help("serve", "--help")
    #expect(try help("help", "serve") == serve && help("serve", "--port", "1", "-h") == serve)
    for part in ["usage: tool serve [OPTIONS]", "At length.", "--port N  port (5000)", "--quiet   say nothing"] {
      #expect(serve.contains(part), "\(serve)")
    }
    #expect(try help("init", "--help") == "Make it.\n\nusage: tool init\n")
  }

  @Test func aProgramMayDoOneThingOnly() throws {
    let options = [CommandOption("port", "N", "port")]
    let single = Program("one", "One thing.", commands: [Command("", "One thing.", options: options, run: { _ in })])
    guard case .run(_, let arguments) = try single.parse(["--port", "7"]) else {
      Issue.record("it does not run")
      return
    }
    #expect(arguments["port"] == "7")
    guard case .run = try single.parse([]), case .help(let help) = try single.parse(["--help"]) else {
      Issue.record("it does not run, or has no help")
      return
    }
    #expect(help.contains("usage: one [OPTIONS]"))
  }
}
