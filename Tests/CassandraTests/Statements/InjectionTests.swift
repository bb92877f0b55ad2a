import Foundation
import Testing

/// What must not compile: each line is given to the compiler, against the modules that these tests were built with.
@Suite(.timeLimit(.minutes(5))) struct InjectionTests {
  /// Where the modules lie: beside the bundle of the tests.
  static let modules: URL? = {
    let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    return [program, Bundle.main.bundleURL, program.deletingLastPathComponent()].map { $0.appending(path: "Modules") }
      .first { FileManager.default.fileExists(atPath: $0.appending(path: "Cassandra.swiftmodule").path) }
  }()

  /// The maps of the C modules lie here.
  static let sources = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    .appending(path: "Sources")

  /// The lines that the compiler finds something wrong in, from 1.
  private func wrongLines(_ lines: [String]) async throws -> [Int: String] {
    let modules = try #require(Self.modules)
    let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "injection-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (source, report) = (folder.appending(path: "lines.swift"), folder.appending(path: "report.txt"))
    let body = lines.enumerated().map { "func line\($0.offset)() { \($0.element) }" }.joined(separator: "\n")
    // The declarations stand behind, so that the numbers of lines are those of the forms.
    try Data((body + "\n" + Self.surroundings).utf8).write(to: source)
    _ = FileManager.default.createFile(atPath: report.path, contents: nil)
    let output = try FileHandle(forWritingTo: report)
    defer { try? output.close() }
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments =
      ["swiftc", "-typecheck", "-swift-version", "6", "-diagnostic-style", "llvm", "-I", modules.path]
      + ["CCassandraUV", "CCassandraOpenSSL", "CCassandraLZ4", "CCassandraZlib"].flatMap {
        ["-I", Self.sources.appending(path: $0).path]
      } + [source.path]
    compiler.standardError = output
    compiler.standardOutput = output
    await withCheckedContinuation { continuation in
      compiler.terminationHandler = { _ in continuation.resume() }
      do { try compiler.run() } catch { continuation.resume() }
    }
    var wrong: [Int: String] = [:]
    for line in try String(contentsOf: report, encoding: .utf8).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 4)
      guard parts.count == 5, parts[0].hasSuffix("lines.swift"), parts[3].contains("error"), let number = Int(parts[1])
      else {
        // Something else is wrong, such as a module that cannot be loaded.
        if line.contains("error:") { wrong[0, default: ""] += line + "\n" }
        continue
      }
      wrong[number, default: ""] += parts[4] + "\n"
    }
    return wrong
  }

  private static let surroundings = """
    import Cassandra
    let number = 1
    let text = "x"
    let client: CassandraClient! = nil
    """

  @Test(.enabled(if: modules != nil, "the modules of this build are not where they are looked for"))
  func anInterpolatedValueNeverBecomesText() async throws {
    let bad = [
      #"_ = Statement("SELECT \(number)", [])"#,
      #"_ = Statement("SELECT \(text)", [number])"#,
      #"_ = Statement("SELECT \(number)", named: [:])"#,
      #"_ = Statement(unsafeCQL: "SELECT \(text)")"#,
      #"_ = Statement(unsafeCQL: "SELECT \(number)", [])"#,
      #"_ = Statement(unsafeCQL: "SELECT \(number)", [number])"#,
      #"_ = Statement(unsafeCQL: "SELECT \(text)", named: [:])"#,
      #"_ = Statement(unsafeCQL: ("SELECT \(text)"))"#,
      #"_ = Statement(unsafeCQL: number > 1 ? "SELECT \(text)" : "SELECT")"#,
      #"_ = Statement.init("SELECT \(text)", [])"#,
      #"let statement: Statement = .init("SELECT \(text)", []); _ = statement"#,
      #"let make = Statement.init(unsafeCQL:_:); _ = make("SELECT \(text)", [])"#,
      #"_ = Statement(text)"#,
      #"_ = Statement(text, [number])"#,
      #"_ = Statement(text, named: ["a": number])"#,
      #"_ = Statement("a" + text)"#,
      #"_ = Statement("a" + "\(text)", [])"#,
      #"let statement: Statement = text; _ = statement"#,
      #"let statement: Statement = "a" + text; _ = statement"#,
      #"Task { _ = try await client.query(text) }"#,
      #"Task { _ = try await client.query("a" + text) }"#,
      #"Task { _ = try await client.batch { $0.add(text) } }"#,
      #"_ = StatementLiteral(stringInterpolation: "\(text)")"#,
      #"_ = StatementLiteral("\(text)")"#,
    ]
    let good = [
      #"_ = Statement("SELECT \(number)")"#,
      #"let statement: Statement = "SELECT \(text) \(Identifier("t"))"; _ = statement"#,
      #"_ = Statement("SELECT ?", [number])"#,
      #"_ = Statement("SELECT :a", named: ["a": number])"#,
      #"_ = Statement(unsafeCQL: text)"#,
      #"_ = Statement(unsafeCQL: text, [number])"#,
      #"_ = Statement(unsafeCQL: text.dropFirst(), named: ["a": number])"#,
      #"_ = Statement(unsafeCQL: "SELECT ?", [number])"#,
      #"Task { _ = try await client.query("SELECT \(text)") }"#,
      #"Task { _ = try await client.batch { $0.add("DELETE FROM t WHERE k = \(text)") } }"#,
    ]
    // The compiler may stop before it looks at every function when another one is wrong, so those are separate.
    let wrongOfGood = try await wrongLines(good)
    #expect(wrongOfGood.isEmpty, "\(wrongOfGood)")
    let wrong = try await wrongLines(bad)
    #expect(wrong[0] == nil, "\(wrong[0] ?? "")")
    for (index, form) in bad.enumerated() { #expect(wrong[index + 1] != nil, "this compiles: \(form)") }
    #expect(wrong[1]?.contains("a value would become text here") == true)
  }
}
