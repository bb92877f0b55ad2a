/// A setting that is wrong or missing. Names the setting and where it stands; never shows a value that is secret.
public struct SettingsError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do.
  public let description: String

  init(_ description: String) { self.description = description }
}
