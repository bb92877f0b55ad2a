import CassandraTerminal

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Where settings come from: the environment, and below it a `.env` file.
struct SettingsSource {
  /// A value with the place that it comes from, for messages.
  struct Value {
    var text: String
    var place: String
    /// The folder that paths are relative to; nil for the working directory.
    var folder: String?

    /// The value as a path: one that is relative begins at the folder.
    var path: String {
      guard !text.hasPrefix("/"), let folder else { return text }
      return "\(folder)/\(text)"
    }
  }

  private let environment: [String: String]
  private let file: EnvironmentFile?
  private let path: String

  /// Reads `path`, or `.env` in the working directory when it is nil and there is one.
  init(file path: String?, environment: [String: String]? = nil) throws(SettingsError) {
    self.environment = environment ?? SettingsSource.processEnvironment()
    self.path = path ?? ".env"
    let bytes: [UInt8]
    do throws(SmallFile.Failure) {
      bytes = try SmallFile.contents(of: self.path, limit: EnvironmentFile.maximumBytes)
    } catch {
      switch error {
      case .missing where path == nil:
        file = nil
        return
      case .missing: throw SettingsError("\(self.path): there is no such file; .env.sample shows what to put into one.")
      case .unreadable(let why): throw SettingsError("\(self.path) cannot be read: \(why).")
      case .tooLarge: throw SettingsError("\(self.path) has more than \(EnvironmentFile.maximumBytes) bytes.")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SettingsError("\(self.path) is not UTF-8.")
    }
    do throws(EnvironmentFile.LineError) { file = try EnvironmentFile(parsing: text, prefixes: Self.prefixes) } catch {
      throw SettingsError("\(self.path), line \(error.line): \(error.problem).")
    }
  }

  private static func processEnvironment() -> [String: String] {
    var values: [String: String] = [:]
    var entry = environ
    while let pointer = entry.pointee {
      let parts = String(cString: pointer).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return values
  }

  /// The value of a setting; nil when it is nowhere, or empty.
  subscript(name: String) -> Value? {
    if let text = environment[name], !text.isEmpty {
      return Value(text: text, place: "\(name) (in the environment)", folder: nil)
    }
    guard let entry = file?.entries[name], !entry.value.isEmpty else { return nil }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) }
    return Value(text: entry.value, place: "\(name) (\(path), line \(entry.line))", folder: folder)
  }

  /// How names of settings begin.
  static let prefixes = ["CASSANDRA_", "FIELDGUIDE_", "ASTRA_DB_"]

  /// What to warn of: names that begin like settings of this program and are none. One of the file that is nearly a
  /// setting is refused, because nobody but this program can be meant; the environment belongs to others too, such as an
  /// image's own `CASSANDRA_HOME`, so there only what is nearly a setting is warned of.
  func warningsOfNames(known: [String]) throws(SettingsError) -> [String] {
    var warnings: [String] = []
    for name in file?.entries.keys.sorted() ?? [] where isOurs(name) && !known.contains(name) {
      if let near = Self.nearest(to: name, among: known) {
        let line = file?.entries[name]?.line ?? 0
        throw SettingsError("\(path), line \(line): \(name) is not a setting of this program. Is \(near) meant?")
      }
      warnings.append("\(name) is not a setting of this program")
    }
    for name in environment.keys.sorted() where isOurs(name) && !known.contains(name) {
      guard let near = Self.nearest(to: name, among: known) else { continue }
      warnings.append("\(name) in the environment is not a setting of this program; is \(near) meant?")
    }
    return warnings
  }

  private func isOurs(_ name: String) -> Bool { Self.prefixes.contains { name.hasPrefix($0) } }

  /// The setting that differs from `name` by one letter or two, left out, added, changed or swapped.
  private static func nearest(to name: String, among known: [String]) -> String? {
    known.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
      .filter { $0.distance <= 2 }.min { $0.distance < $1.distance }?.name
  }

  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count <= 64, right.count <= 64 else { return .max }
    var before: [Int] = []
    var previous = Array(0...right.count)
    for (row, byte) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var least = min(previous[column] + (byte == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
          least = min(least, before[column - 1] + 1)
        }
        current.append(least)
      }
      (before, previous) = (previous, current)
    }
    return previous[right.count]
  }
}
