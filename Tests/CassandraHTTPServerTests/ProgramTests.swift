import CassandraJSON
import CassandraReactor
import CassandraWebTesting
import Foundation
import Testing

/// A server that is all of its program.
@Suite(.timeLimit(.minutes(2))) struct ProgramTests {
  /// The program, started.
  private final class Program {
    let process = Process()
    private let errors = Pipe()

    init(port: UInt16 = 0) throws {
      process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("ServerProgram")
      process.arguments = ["\(port)"]
      process.standardError = errors
      process.standardInput = FileHandle.nullDevice
      try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// The next line of its log.
    func line() -> String {
      var line: [UInt8] = []
      while let byte = try? errors.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
      return String(decoding: line, as: UTF8.self)
    }

    /// What it says until it ends.
    func rest() -> String {
      let rest = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return rest
    }
  }

  private static func port(_ line: String) throws -> UInt16 {
    let record = try JSONValue(parsing: Array(line.utf8))
    let address = try #require(record["address"]?.string)
    #expect(address.hasPrefix("http://127.0.0.1:"))
    return try #require(UInt16(address.split(separator: ":").last.map(String.init) ?? ""))
  }

  @Test(arguments: [SIGTERM, SIGINT]) func itServesUntilASignal(_ signal: Int32) async throws {
    let program = try Program()
    let port = try Self.port(program.line())
    try await EventLoops.shared[0].run {
      let client = try await RawClient.connect(to: .loopback(port: port))
      client.request("GET /ok")
      #expect(try await client.reply().text == "OK")
      client.close()
    }
    kill(program.process.processIdentifier, signal)
    #expect(program.rest().contains("stopping"))
    #expect(program.process.terminationStatus == 0 && program.process.terminationReason == .exit)
  }

  @Test func aTakenPortIsASentenceAndAStatus() throws {
    let first = try Program()
    let port = try Self.port(first.line())
    let second = try Program(port: port)
    let said = second.rest()
    #expect(second.process.terminationStatus == 1 && second.process.terminationReason == .exit)
    #expect(said == "http://127.0.0.1:\(port): listening: another program is already using this address.\n", "\(said)")
    kill(first.process.processIdentifier, SIGTERM)
    first.process.waitUntilExit()
  }
}
