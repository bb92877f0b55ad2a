import Foundation

@testable import FieldGuide

/// A folder with a file of settings and what they name; it is gone when the last reference is.
final class SettingsFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "field-guide-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, and returns its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// The settings of a file with this text.
  func settings(_ text: String, environment: [String: String] = [:]) throws -> Settings {
    try Settings(SettingsSource(file: try write(text.utf8, to: "settings.env"), environment: environment))
  }
}
