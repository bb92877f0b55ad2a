import CassandraWire

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file of statements with what Cassandra answers to each.
///
/// Blocks are separated by empty lines. In a block `#` begins a comment, `@` says how to run the statement, `=> ` begins
/// the answer of Cassandra and `=node> ` that of the node where the two differ; lines that begin with two spaces belong to
/// the answer before them. Everything else is the statement.
struct CorpusFile {
  /// A statement with its answers.
  struct Entry {
    var comments: [String] = []
    var directives: [String] = []
    var statement: [String] = []
    /// What Cassandra answers.
    var expected: [String] = []
    /// What the node answers, where that is another thing.
    var expectedOfNode: [String]?
    /// The first line of the block.
    var line = 0

    var text: String { statement.joined(separator: "\n") }

    /// The value of a directive, as in `@ page 2`; empty for one without a value.
    func directive(_ name: String) -> String? {
      for directive in directives {
        let parts = directive.split(separator: " ", maxSplits: 1)
        if parts.first == name[...] { return parts.count > 1 ? String(parts[1]) : "" }
      }
      return nil
    }

    /// Whether Cassandra refuses the statement.
    var isRefusal: Bool { expected.first?.hasPrefix("error ") ?? false }
  }

  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  let path: String
  let name: String
  var entries: [Entry]

  init(_ path: String) throws {
    self.path = path
    let last = path.split(separator: "/").last ?? ""
    name = String(last.prefix { $0 != "." })
    entries = []
    var entry = Entry()
    var answer: WritableKeyPath<Entry, [String]>?
    for (index, line) in try CorpusFile.read(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let line = String(line)
      if line.allSatisfy({ $0 == " " }) {
        if !entry.statement.isEmpty || !entry.comments.isEmpty { entries.append(entry) }
        entry = Entry()
        answer = nil
        continue
      }
      if entry.line == 0 { entry.line = index + 1 }
      if line.hasPrefix("=> ") {
        entry.expected = [String(line.dropFirst(3))]
        answer = \.expected
      } else if line.hasPrefix("=node> ") {
        entry.expectedOfNode = [String(line.dropFirst(7))]
        answer = \.nodeLines
      } else if let answer {
        guard line.hasPrefix("  ") else { throw Malformed(description: "\(path):\(index + 1): \(line)") }
        entry[keyPath: answer].append(line)
      } else if line.hasPrefix("#") {
        entry.comments.append(line)
      } else if line.hasPrefix("@ ") {
        entry.directives.append(String(line.dropFirst(2)))
      } else {
        entry.statement.append(line)
      }
    }
    if !entry.statement.isEmpty || !entry.comments.isEmpty { entries.append(entry) }
  }

  /// The file as text.
  var text: String {
    entries.map { entry in
      var lines = entry.comments + entry.directives.map { "@ \($0)" } + entry.statement
      if let first = entry.expected.first { lines += ["=> \(first)"] + entry.expected.dropFirst() }
      if let other = entry.expectedOfNode, let first = other.first {
        lines += ["=node> \(first)"] + other.dropFirst()
      }
      return lines.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }

  /// Writes the file anew.
  func save() throws { try CorpusFile.write(text, to: path) }

  /// Writes a file.
  static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "wb") else { throw Malformed(description: "\(path) cannot be written") }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw Malformed(description: "\(path) cannot be written")
    }
  }

  /// A file as text.
  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "rb") else { throw Malformed(description: "\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece.prefix(count) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The folder of the corpus.
  static let folder = "\(#filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })/Corpus"

  /// The files of the corpus, by name.
  static let all = all(in: folder)

  /// The files of a folder, by name.
  static func all(in folder: String) -> [CorpusFile] {
    var names: [String] = []
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(".cql") { names.append(name) }
    }
    return names.sorted().map { name in
      do { return try CorpusFile("\(folder)/\(name)") } catch { fatalError("\(error)") }
    }
  }
}

extension CorpusFile.Entry {
  fileprivate var nodeLines: [String] {
    get { expectedOfNode ?? [] }
    set { expectedOfNode = newValue }
  }
}
