import CassandraBytes

/// Why an Astra database cannot be used as it is set up: what is wrong with its bundle or its credentials, and what
/// became of the ways to it.
///
/// `description` says what is wrong and what to do next, and may be shown to a stranger: it holds no host, no address, no
/// path and no secret. Those that help its operator (file, URL, status; never a secret) are in `debugDescription`.
public struct AstraError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// Kinds of failure. More may come, so a switch over them needs a default.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String
    private init(_ name: String) { description = name }

    // Of the bundle.

    /// There is no file or folder at the path, or it cannot be read.
    public static let bundleUnreadable = Code("bundleUnreadable")
    /// The file is not a zip archive.
    public static let bundleNotZip = Code("bundleNotZip")
    /// The bundle or a file in it is larger than the limit.
    public static let bundleTooLarge = Code("bundleTooLarge")
    /// A file that has to be in the bundle is not there.
    public static let bundleEntryMissing = Code("bundleEntryMissing")
    /// `config.json` is not JSON, or has no `host` or no `port`.
    public static let bundleConfiguration = Code("bundleConfiguration")
    /// A PEM file of the bundle cannot be read, is another than its name says, or does not go with another.
    public static let bundleCertificate = Code("bundleCertificate")
    /// A certificate of the bundle has expired or is not valid yet.
    public static let bundleExpired = Code("bundleExpired")
    /// The private key of the bundle has a passphrase.
    public static let bundleKeyEncrypted = Code("bundleKeyEncrypted")

    // Of the credentials.

    /// They are not of a form that can be right, such as a token in place of the user's name.
    public static let credentials = Code("credentials")
    /// The database does not accept them.
    public static let credentialsRefused = Code("credentialsRefused")

    // Of the metadata service.

    /// Its name cannot be resolved, or nothing answers there in time.
    public static let metadataUnreachable = Code("metadataUnreachable")
    /// Its certificate is not from the bundle's authority, is for another name, or has expired.
    public static let metadataUntrusted = Code("metadataUntrusted")
    /// It does not accept the bundle's certificate.
    public static let certificateRefused = Code("certificateRefused")
    /// 401 or 503: the database is hibernated, parked or terminated, or the bundle is another database's.
    public static let databaseAsleep = Code("databaseAsleep")
    /// Another status than 200.
    public static let metadataStatus = Code("metadataStatus")
    /// Its answer is not the JSON that is expected.
    public static let metadataInvalid = Code("metadataInvalid")

    // Of the proxy in front of the nodes.

    /// Its name cannot be resolved, or nothing answers there in time.
    public static let proxyUnreachable = Code("proxyUnreachable")
    /// Its certificate is not from the bundle's authority, is for another name, or has expired.
    public static let proxyUntrusted = Code("proxyUntrusted")
    /// It ends the connection to a node: it does not know the node (any more), or the node is down.
    public static let nodeRefused = Code("nodeRefused")

    // Of the database.

    /// The keyspace does not exist; it is made in the portal.
    public static let keyspaceMissing = Code("keyspaceMissing")
    /// Writes at this consistency level are not allowed.
    public static let consistencyRefused = Code("consistencyRefused")
  }

  /// The kind of failure.
  public let code: Code
  /// What caused it, such as a failure of the connection.
  public let cause: (any Error)?
  let message: String
  let logDetail: String

  init(_ code: Code, _ message: String, logDetail: String = "", cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.logDetail = logDetail
    self.cause = cause
  }

  /// Sentences: what is wrong, and what to do next.
  public var description: String { message }

  /// All that is known, without secrets.
  public var debugDescription: String {
    var text = "\(code): \(message)"
    if !logDetail.isEmpty { text += " \(logDetail)" }
    if let cause { text += " — cause: \(String(reflecting: cause))" }
    return text
  }
}

// What several places find, in one form.

extension AstraError {
  static func certificate(_ file: String, _ what: String, cause: (any Error)? = nil) -> AstraError {
    let end = what.hasSuffix(bytesOf: "?") ? " Download" : "; download"
    return AstraError(
      .bundleCertificate,
      "\(file) in the secure connect bundle \(what)\(end) the bundle again from the Astra portal.", cause: cause)
  }

  static func tooLarge(_ what: String, _ limit: Int) -> AstraError {
    AstraError(.bundleTooLarge, "\(what) has more than \(limit >> 10) KiB, so it is something else.")
  }

  static func configuration(
    _ what: String, logDetail: String = "", cause: (any Error)? = nil
  ) -> AstraError {
    AstraError(
      .bundleConfiguration,
      "config.json in the secure connect bundle \(what); download the bundle again from the Astra portal.",
      logDetail: logDetail, cause: cause)
  }

  static func metadata(_ what: String, logDetail: String = "", cause: (any Error)? = nil) -> AstraError {
    AstraError(
      .metadataInvalid,
      "The answer of Astra's metadata service \(what); check the host in config.json of the secure connect bundle, or download it again.",
      logDetail: logDetail, cause: cause)
  }
}
