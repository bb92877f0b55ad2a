import CassandraJSON
import CassandraReactor
import CassandraWebTesting
import Foundation
import Testing

/// A server that is all of its program.
@Suite(.timeLimit(.minutes(5))) struct ProgramTests {
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

  /// What became of the requests that the clients of a program made until it ended.
  private struct Sum {
    var answered = 0
    /// Requests that were sent and neither answered nor given back.
    var lost = 0
  }

  /// Eight clients ask without a pause, on new connections when theirs are ended, until nobody listens; the signal comes
  /// meanwhile.
  private static func load(
    _ program: Program, _ port: UInt16, client: @escaping @Sendable (SocketAddress, inout Sum) async throws -> Void
  ) async throws -> Sum {
    let process = program.process.processIdentifier
    let sums = try await withThrowingTaskGroup(of: Sum.self) { group in
      for index in 0..<8 {
        group.addTask(executorPreference: EventLoops.shared[0]) {
          var sum = Sum()
          var isAsked = false
          while true {
            do { try await client(.loopback(port: port), &sum) } catch let error as ReactorError {
              #expect(error.code == .connectionRefused, "\(error)")
              return sum
            }
            // Many connections come and go beside the signal.
            if index == 0, sum.answered >= 100, !isAsked {
              isAsked = true
              kill(process, SIGTERM)
            }
          }
        }
      }
      return try await group.reduce(into: Sum()) {
        $0.answered += $1.answered
        $0.lost += $1.lost
      }
    }
    return sums
  }

  @Test func aSignalLosesNoRequest() async throws {
    let program = try Program()
    let sum = try await Self.load(program, Self.port(program.line())) { address, sum in
      let client = try await RawClient.connect(to: address)
      defer { client.close() }
      for _ in 0..<20 {
        client.request("GET /ok")
        do {
          let reply = try await client.reply()
          #expect(reply.text == "OK")
          sum.answered += 1
          if reply["connection"] != nil { return }
        } catch {
          sum.lost += 1
          return
        }
      }
    }
    #expect(sum.lost == 0 && sum.answered > 100)
    _ = program.rest()
    #expect(program.process.terminationStatus == 0 && program.process.terminationReason == .exit)
  }

  /// A client of HTTP/2 that keeps to the rules: it begins nothing behind GOAWAY, and only what lies above its last stream, or
  /// was refused, may be asked for elsewhere.
  @Test func aSignalLosesNoStream() async throws {
    let program = try Program()
    let sum = try await Self.load(program, Self.port(program.line())) { address, sum in
      let client = FrameClient(try await RawClient.connect(to: address))
      defer { client.client.close() }
      client.client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      client.send(FrameClient.settings)
      var waiting: Set<Int> = []
      var (stream, mayBegin) = (1, true)
      while true {
        while mayBegin && waiting.count < 10 && stream < 200 {
          client.request(stream, "GET", "/ok")
          waiting.insert(stream)
          stream += 2
        }
        if waiting.isEmpty { return }
        let frame: FrameClient.Frame
        do { frame = try await client.frame() } catch {
          sum.lost += waiting.count
          return
        }
        switch frame.type {
        case FrameClient.goAway:
          mayBegin = false
          waiting = waiting.filter { $0 <= frame.number(at: 0) }
        case FrameClient.reset:
          #expect(frame.number(at: 0) == 7)
          waiting.remove(frame.stream)
        case FrameClient.data where frame.endsStream:
          waiting.remove(frame.stream)
          sum.answered += 1
        default: break
        }
      }
    }
    #expect(sum.lost == 0 && sum.answered > 100)
    _ = program.rest()
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
