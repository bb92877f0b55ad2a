import Foundation
import CassandraReactor

/// A `cql-node` of its own process.
final class NodeProcess: Sendable {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// The executable beside the tests.
  static let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appendingPathComponent("cql-node").path

  /// What the node wrote when it listened.
  let greeting: String
  /// What it wrote before that; empty when there was nothing to say.
  let introduction: String
  /// Where it listens.
  let address: SocketAddress
  private let process: Process

  /// Starts a node and waits until it listens. With `tool` it is started by that program, which has to become the node.
  init(_ arguments: [String], environment: [String: String] = [:], under tool: [String] = []) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: tool.isEmpty ? Self.path : "/usr/bin/env")
    process.arguments = tool.isEmpty ? arguments : tool + [Self.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    var line = Data()
    while case let piece = output.fileHandleForReading.availableData, !piece.isEmpty {
      line += piece
      if line.last == UInt8(ascii: "\n"), String(decoding: line, as: UTF8.self).contains("listening at") { break }
    }
    var lines = String(decoding: line, as: UTF8.self).split(separator: "\n").map { String($0) }
    greeting = lines.popLast() ?? ""
    introduction = lines.joined(separator: "\n")
    let words = greeting.split(separator: " ")
    guard let index = words.firstIndex(of: "at"), let colon = words[index + 1].lastIndex(of: ":"),
      let port = Int(words[index + 1][words[index + 1].index(after: colon)...].dropLast())
    else {
      process.waitUntilExit()
      throw Failure(description: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
    }
    address = try SocketAddress(String(words[index + 1][..<colon]), port: port)
  }

  /// The most memory that the process has had resident, in MiB; nil where the system does not say.
  var peakResidentMiB: Int? {
    guard let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes >> 10
  }

  /// What the process has computed so far, in seconds; nil where the system does not say.
  var processorSeconds: Double? {
    guard let line = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
      let fields = line.split(separator: ")").last?.split(separator: " "), fields.count > 12,
      let user = Double(fields[11]), let system = Double(fields[12])
    else { return nil }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// A test that fails leaves no process behind.
  deinit {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  /// Ends it at once, as a crash would.
  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Lets it end in order, and returns its status.
  func terminate() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
