import Foundation
import Testing

/// The program as a process of a system that gives it little.
@Suite(.timeLimit(.minutes(2))) struct ProcessTests {
  /// Serves until it says so, and is asked to end then; what it said and how it ended.
  private func serve(descriptors: Int = 1_024, around start: (() throws -> Void) throws -> Void = { try $0() }) throws
    -> (said: String, status: Int32, reason: Process.TerminationReason)
  {
    let folder = NSTemporaryDirectory() + "process-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("fieldguide").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", #"ulimit -n "$0" && exec "$1" serve --port 0"#, "\(descriptors)", program]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ["PATH": "/usr/bin:/bin"]
    let errors = Pipe()
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try start { try process.run() }
    var said = ""
    while case let piece = errors.fileHandleForReading.availableData, !piece.isEmpty {
      let wasServing = said.contains("serving")
      said += String(decoding: piece, as: UTF8.self)
      if said.contains("serving") && !wasServing { kill(process.processIdentifier, SIGTERM) }
    }
    process.waitUntilExit()
    return (said, process.terminationStatus, process.terminationReason)
  }

  /// It serves, or says in a sentence why it does not.
  @Test(arguments: Array(12...44)) func itEndsByItselfWithFewDescriptors(count: Int) throws {
    let (said, status, reason) = try serve(descriptors: count)
    #expect(reason == .exit, "\(said)")
    if status != 0 { #expect(said.contains("descriptors") || said.contains("open"), "\(said)") }
  }

  /// Whoever starts it may block signals where it does so, and a process inherits that.
  @Test func itEndsWhenAskedByASignalThatWasBlocked() throws {
    let (said, status, reason) = try serve { run in
      var all = sigset_t()
      var before = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, &before)
      defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
      try run()
    }
    #expect(said.contains("stopping") && status == 0 && reason == .exit, "\(said)")
  }
}
