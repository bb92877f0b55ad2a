/// A setting that is wrong or missing. Names the setting and where it stands; never shows a value that is secret.
public struct SettingsError: Error, Sendable, CustomStringConvertible {
  /// What the settings lead to and what is wrong, so that a check of them can say how far they are right.
  enum Subject: Sendable {
    /// The settings themselves.
    case settings
    /// The secure connect bundle of an Astra database.
    case bundle
    /// The PEM files of certificates and keys.
    case certificates
  }

  /// What is wrong, and what to do.
  public let description: String
  let subject: Subject

  init(_ description: String, about subject: Subject = .settings) {
    self.description = description
    self.subject = subject
  }
}
