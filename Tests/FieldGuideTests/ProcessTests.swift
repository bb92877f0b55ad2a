import Foundation
import Testing

/// Both ends of a terminal that nobody sits at.
private struct Terminal {
  let main: FileHandle
  let side: FileHandle

  init() throws {
    var (main, side): (Int32, Int32) = (0, 0)
    try #require(openpty(&main, &side, nil, nil, nil) == 0)
    (self.main, self.side) = (FileHandle(fileDescriptor: main), FileHandle(fileDescriptor: side))
  }
}

/// The program as a process of a system that gives it little.
@Suite(.timeLimit(.minutes(5))) struct ProcessTests {
  /// Serves until it says so, and is asked to end then; what it said and how it ended.
  private func serve(
    descriptors: Int = 1_024, on terminal: Terminal? = nil,
    around start: (() throws -> Void) throws -> Void = { try $0() }
  ) throws -> (said: String, status: Int32, reason: Process.TerminationReason) {
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
    let pipe = Pipe()
    let errors = terminal?.main ?? pipe.fileHandleForReading
    process.standardError = terminal?.side ?? pipe.fileHandleForWriting
    process.standardInput = FileHandle.nullDevice
    try start { try process.run() }
    // Its end is seen once nobody else can write.
    try? terminal?.side.close()
    try? pipe.fileHandleForWriting.close()
    var said = ""
    var piece = [UInt8](repeating: 0, count: 65_536)
    // A terminal that nobody can write to any more is a failed read, and no end.
    while case let count = read(errors.fileDescriptor, &piece, piece.count), count > 0 {
      let wasServing = said.contains("serving")
      said += String(decoding: piece[..<count], as: UTF8.self)
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

  /// What collects the lines of a pipe takes objects; a person who looks at a terminal reads text.
  @Test func theFormOfItsLogSuitsWhoReadsIt() throws {
    let lines = try serve().said.split(separator: "\n")
    let objects = lines.filter { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) is [String: Any] }
    #expect(!lines.isEmpty && objects == lines)
    let text = try serve(on: Terminal()).said.split(separator: "\n")
    #expect(!text.isEmpty && text.allSatisfy { !$0.hasPrefix("{") }, "\(text)")
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
