internal import CassandraReactor

/// A secure connect bundle: the zip file that Astra's portal gives for a database and region, or a folder with its files.
///
/// Of its entries `config.json`, `ca.crt`, `cert` and `key` are read, the private key as PKCS#1 or PKCS#8; what else is in
/// it is for other languages. All of it happens in memory: no file is written. ``maximumBytes`` and
/// ``maximumEntryBytes`` bound what is read, whatever the archive claims.
public struct SecureConnectBundle: Sendable {
  /// The largest bundle that is read: 1 MiB.
  public static let maximumBytes = 1 << 20
  /// The largest file in it that is read: 256 KiB.
  public static let maximumEntryBytes = 256 << 10

  /// The host of the metadata service.
  public let host: String
  /// Its port.
  public let port: Int
  /// The keyspace that the bundle hints at.
  public let keyspace: String?
  /// The data centre that the bundle hints at; the metadata service decides.
  public let localDatacenter: String?
  /// What to tell an operator, such as that the bundle has credentials, which are not used.
  public let warnings: [String]
  /// From and until when the client certificate is valid, in seconds since 1970.
  public let validity: ClosedRange<Int>
  /// The same of the authority.
  public let authorityValidity: ClosedRange<Int>
  let tls: TLSClientContext

  /// Reads the zip file or the folder at `path`. It blocks for as long as reading a small file takes.
  ///
  /// - Throws: ``AstraError`` that says which file of the bundle is wrong.
  public init(path: String) throws(AstraError) {
    switch try Self.read(path, "The secure connect bundle", limit: Self.maximumBytes) {
    case .bytes(let bytes)?: try self.init(zip: bytes)
    case .folder?:
      try self.init(now: currentSeconds()) { name throws(AstraError) in
        let what = "\(name) in the folder of the secure connect bundle"
        switch try Self.read("\(path)/\(name)", what, limit: Self.maximumEntryBytes) {
        case .bytes(let bytes)?: return bytes
        case .folder?: throw AstraError(.bundleUnreadable, "\(what) is a folder and should be a file.")
        case nil: return nil
        }
      }
    case nil:
      throw AstraError(
        .bundleUnreadable,
        "There is no secure connect bundle at the path; download it from the Astra portal (Connect, Drivers) and set its path.",
        logDetail: "path \(path)")
    }
  }

  /// Reads a zip archive.
  ///
  /// - Throws: ``AstraError`` that says which file of the bundle is wrong.
  public init(zip bytes: [UInt8]) throws(AstraError) {
    try self.init(zip: bytes, now: currentSeconds())
  }

  /// - Parameter now: The time that certificates are judged by, in seconds since 1970.
  init(zip bytes: [UInt8], now: Int) throws(AstraError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge("The secure connect bundle", Self.maximumBytes) }
    let archive: ZipArchive
    do throws(ZipArchive.Failure) { archive = try ZipArchive(bytes) } catch {
      switch error {
      case .tooManyEntries:
        throw AstraError(
          .bundleTooLarge,
          "The secure connect bundle has more than \(ZipArchive.maximumEntries) files, so it is something else.")
      case .notZip(let reason), .entryUnreadable(let reason):
        throw AstraError(
          .bundleNotZip,
          "The secure connect bundle is not a zip file, or a damaged one; download it again from the Astra portal.",
          logDetail: reason)
      case .entryTooLarge: throw .tooLarge("The secure connect bundle", Self.maximumBytes)
      }
    }
    let names = archive.names
    try self.init(now: now) { name throws(AstraError) in
      let what = "\(name) in the secure connect bundle"
      guard names.count(where: { $0 == name }) <= 1 else {
        throw AstraError(.bundleNotZip, "\(what) is there more than once; download the bundle again.")
      }
      do throws(ZipArchive.Failure) { return try archive.read(name, limit: Self.maximumEntryBytes) } catch {
        switch error {
        case .entryTooLarge, .tooManyEntries: throw .tooLarge(what, Self.maximumEntryBytes)
        case .entryUnreadable(let reason), .notZip(let reason):
          throw AstraError(
            .bundleNotZip, "\(what) cannot be unpacked; download the bundle again from the Astra portal.",
            logDetail: reason)
        }
      }
    }
  }

  /// - Parameter entry: The bytes of a file by its name; nil when there is none.
  private init(now: Int, entry: (String) throws(AstraError) -> [UInt8]?) throws(AstraError) {
    func required(_ name: String) throws(AstraError) -> [UInt8] {
      guard let bytes = try entry(name) else {
        throw AstraError(
          .bundleEntryMissing,
          "\(name) is missing in the secure connect bundle, which has config.json, ca.crt, cert and key at its top; use the zip file as the Astra portal gives it."
        )
      }
      return bytes
    }
    let configuration = try BundleConfiguration(parsing: try required("config.json"))
    let credentials = try BundleCertificates(
      authority: try required("ca.crt"), certificate: try required("cert"), key: try required("key"), now: now)
    host = configuration.host
    port = configuration.port
    keyspace = configuration.keyspace
    localDatacenter = configuration.localDatacenter
    validity = credentials.validity
    authorityValidity = credentials.authorityValidity
    tls = credentials.tls
    warnings =
      configuration.hasCredentials
      ? ["The secure connect bundle holds a user and a password; they are not used: set a token."] : []
  }

  /// What stands at `path`; nil when there is nothing.
  private static func read(_ path: String, _ what: String, limit: Int) throws(AstraError) -> BundleFile.Content? {
    do throws(BundleFile.Failure) { return try BundleFile.read(path, limit: limit) } catch {
      switch error {
      case .missing: return nil
      case .tooLarge: throw .tooLarge(what, limit)
      case .unreadable(let reason):
        throw AstraError(.bundleUnreadable, "\(what) cannot be read: \(reason).", logDetail: "path \(path)")
      }
    }
  }
}
