internal import Reactor

/// A secure connect bundle: the zip file that Astra's portal gives for a database, or a folder with its files.
///
/// It is read in memory, no file of it is written anywhere, and its bounds are ``maximumBytes`` and
/// ``maximumEntryBytes``.
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
  /// What to tell an operator, such as credentials in the bundle that are not used.
  public let warnings: [String]
  /// From and until when the client certificate is valid, in seconds since 1970.
  public let validity: ClosedRange<Int>
  let tls: TLSClientContext

  /// Reads the zip file or the folder at `path`.
  ///
  /// - Throws: ``AstraError`` that says which file of the bundle is wrong.
  public init(path: String) throws(AstraError) {
    throw AstraError(.bundleUnreadable, "The secure connect bundle cannot be read.")
  }

  /// Reads a zip archive.
  ///
  /// - Throws: ``AstraError`` that says which file of the bundle is wrong.
  public init(zip bytes: [UInt8]) throws(AstraError) {
    throw AstraError(.bundleNotZip, "The secure connect bundle is not a zip file.")
  }
}
