import Foundation
import Testing

@testable import CassandraTerminal

@Suite(.timeLimit(.minutes(5))) struct SmallFileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  private func path(_ name: String) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appendingPathComponent(name).path
  }

  @Test func aFileIsReadWithinItsLimit() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try path("file")
    try Data("settings".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try SmallFile.contents(of: path, limit: 8) == Array("settings".utf8))
    #expect(throws: SmallFile.Failure.self) { try SmallFile.contents(of: path, limit: 7) }
    #expect(throws: SmallFile.Failure.self) { try SmallFile.contents(of: path + "s", limit: 8) }
    #expect(throws: SmallFile.Failure.self) { try SmallFile.contents(of: folder.path, limit: 8) }
    #expect(throws: SmallFile.Failure.self) { try SmallFile.contents(of: "/dev/zero", limit: 1 << 20) }
  }

  @Test func aPipeWithoutAWriterIsNotWaitedForForEver() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try path("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    #expect(throws: SmallFile.Failure.self) {
      try SmallFile.contents(of: path, limit: 8, patienceMilliseconds: 50)
    }
  }

  @Test func whatACommandWritesIsRead() throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    try writer.write(contentsOf: Data("secret".utf8))
    try writer.close()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(try SmallFile.contents(of: path, limit: 8) == Array("secret".utf8))
  }
}
