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
    do throws(TextFile.Failure) {
      bytes = try TextFile.read(self.path, limit: EnvironmentFile.maximumBytes)
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
    do throws(EnvironmentFile.LineError) { file = try EnvironmentFile(parsing: text) } catch {
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

  /// The names in the file that begin like settings of this program and are none, such as a misspelt one.
  func unknownNames(known: [String], prefixes: [String]) -> [String] {
    (file?.entries.keys.sorted() ?? []).filter { name in
      !known.contains(name) && prefixes.contains { name.hasPrefix($0) }
    }
  }
}
