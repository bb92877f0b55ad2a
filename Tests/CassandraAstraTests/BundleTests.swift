import CassandraTesting
import Foundation
import CassandraReactor
import Testing

@testable import CassandraAstra

@Suite struct BundleTests {
  private static let authority = CertificateAuthority()

  private static func client(_ change: (inout CertificateAuthority.Request) -> Void = { _ in }) -> TLSIdentity {
    var request = CertificateAuthority.Request("client")
    request.usesPKCS1 = true
    change(&request)
    return authority.issue(request)
  }

  /// The files of a bundle without fault.
  private static func files(
    configuration: String = #"{"host": "db.example", "port": 29080, "keyspace": "guide", "localDC": "dc1", "x": 1}"#,
    client: TLSIdentity? = nil
  ) -> [String: [UInt8]] {
    let client = client ?? self.client()
    return [
      "config.json": Array(configuration.utf8), "ca.crt": authority.pem, "cert": client.certificateChain,
      "key": client.privateKey, "cqlshrc": Array("[ssl]".utf8), "identity.jks": [0xfe, 0xed],
    ]
  }

  private func error(_ body: () throws -> Void) -> AstraError? {
    do { try body() } catch { return error as? AstraError }
    return nil
  }

  private func error(_ change: (inout [String: [UInt8]]) -> Void) -> AstraError? {
    var files = Self.files()
    change(&files)
    return error { _ = try SecureConnectBundle(zip: AstraBundle.zip(files)) }
  }

  @Test(arguments: [true, false]) func aBundleIsRead(_ usesPKCS1: Bool) throws {
    let files = Self.files(client: Self.client { $0.usesPKCS1 = usesPKCS1 })
    let bundle = try SecureConnectBundle(zip: AstraBundle.zip(files))
    #expect(bundle.host == "db.example" && bundle.port == 29080)
    #expect(bundle.keyspace == "guide" && bundle.localDatacenter == "dc1")
    #expect(bundle.warnings.isEmpty)
    #expect(bundle.validity.upperBound - bundle.validity.lowerBound == 90 * 86_400 + 3600)
  }

  @Test func aFolderIsReadLikeTheArchive() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bundle-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, bytes) in Self.files() { try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)")) }
    #expect(try SecureConnectBundle(path: folder).host == "db.example")
    try FileManager.default.removeItem(atPath: "\(folder)/key")
    #expect(error { _ = try SecureConnectBundle(path: folder) }?.code == .bundleEntryMissing)
    try FileManager.default.createDirectory(atPath: "\(folder)/key", withIntermediateDirectories: false)
    #expect(error { _ = try SecureConnectBundle(path: folder) }?.code == .bundleUnreadable)
  }

  @Test func whatIsNoFileIsNotWaitedFor() throws {
    #expect(error { _ = try SecureConnectBundle(path: "/no/such/bundle.zip") }?.code == .bundleUnreadable)
    #expect(error { _ = try SecureConnectBundle(path: "/dev/zero") }?.code == .bundleUnreadable)
    let pipe = FileManager.default.temporaryDirectory.appending(path: "pipe-\(UUID())").path
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    #expect(error { _ = try SecureConnectBundle(path: pipe) }?.code == .bundleUnreadable)
    let large = FileManager.default.temporaryDirectory.appending(path: "large-\(UUID())").path
    #expect(FileManager.default.createFile(atPath: large, contents: nil))
    defer { unlink(large) }
    // A file with a hole, of 10 GB.
    #expect(truncate(large, 10_000_000_000) == 0)
    #expect(error { _ = try SecureConnectBundle(path: large) }?.code == .bundleTooLarge)
  }

  @Test(arguments: ["config.json", "ca.crt", "cert", "key"]) func aMissingFileIsNamed(_ name: String) {
    let error = error { $0[name] = nil }
    #expect(error?.code == .bundleEntryMissing)
    #expect(error?.description.hasPrefix("\(name) is missing") == true)
  }

  @Test(arguments: [
    ("", "is not valid JSON"), ("[]", "is not a JSON object"), ("{\"port\": 1}", "has no host"),
    (#"{"host": "a"}"#, "has no port"), (#"{"host": "a", "port": 0}"#, "has a port"),
    (#"{"host": "a", "port": 65536}"#, "has a port"), (#"{"host": "a", "port": 1.5}"#, "has a port"),
    (#"{"host": "a", "port": "x"}"#, "has a port"), (#"{"host": 7, "port": 1}"#, "has no host"),
    (#"{"host": "a b", "port": 1}"#, "has a host"), (#"{"host": "a\r\nX: y", "port": 1}"#, "has a host"),
    (#"{"host": "a", "port": 1, "host": "b"}"#, "is not valid JSON"),
    (String(repeating: "[", count: 5000), "is not valid JSON"),
  ]) func aConfigurationThatIsWrongIsRefused(_ text: String, _ expected: String) {
    let error = error { $0["config.json"] = Array(text.utf8) }
    #expect(error?.code == .bundleConfiguration)
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test func portsMayBeTextAndOldCredentialsAreNotUsed() throws {
    let text = #"{"host": "a", "port": "30443", "username": "u", "password": "p", "keyspace": null}"#
    let bundle = try SecureConnectBundle(zip: AstraBundle.zip(Self.files(configuration: text)))
    #expect(bundle.port == 30443 && bundle.keyspace == nil)
    #expect(bundle.warnings.count == 1)
  }

  @Test func certificatesThatCannotBeUsedAreNamed() {
    let client = Self.client()
    func check(
      _ code: AstraError.Code, _ words: String, line: Int = #line, _ change: (inout [String: [UInt8]]) -> Void
    ) {
      let error = error(change)
      #expect(error?.code == code, "line \(line): \(error?.description ?? "no error")")
      #expect(error?.description.contains(words) == true, "line \(line): \(error?.description ?? "")")
    }
    check(.bundleCertificate, "cert in the secure connect bundle has a private key") {
      ($0["cert"], $0["key"]) = (client.privateKey, client.certificateChain)
    }
    check(.bundleCertificate, "key in the secure connect bundle has a certificate") {
      $0["key"] = client.certificateChain
    }
    check(.bundleCertificate, "ca.crt in the secure connect bundle is not PEM") { $0["ca.crt"] = [0, 1, 2] }
    check(.bundleCertificate, "cert in the secure connect bundle is not PEM") { $0["cert"] = [] }
    check(.bundleCertificate, "key in the secure connect bundle is not PEM") { $0["key"] = Array("?".utf8) }
    // The key of another certificate.
    check(.bundleCertificate, "key in the secure connect bundle cannot be used") {
      $0["key"] = Self.client().privateKey
    }
    check(.bundleCertificate, "is not PEM") { $0["cert"]?.removeLast(200) }
    check(.bundleKeyEncrypted, "passphrase") {
      $0["key"] = Array("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGjME4=\n-----END ENCRYPTED PRIVATE KEY-----\n".utf8)
    }
    check(.bundleKeyEncrypted, "passphrase") {
      $0["key"] = Array(
        """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

        MIGjME4=
        -----END RSA PRIVATE KEY-----

        """.utf8)
    }
    check(.bundleExpired, "in cert of the secure connect bundle has expired") {
      let expired = Self.client { ($0.validFrom, $0.validUntil) = (-7200, -3600) }
      ($0["cert"], $0["key"]) = (expired.certificateChain, expired.privateKey)
    }
    check(.bundleExpired, "is not valid yet") {
      let early = Self.client { $0.validFrom = 3600 }
      ($0["cert"], $0["key"]) = (early.certificateChain, early.privateKey)
    }
  }

  @Test func theTimeDecidesWhetherACertificateIsValid() throws {
    let zip = AstraBundle.zip(Self.files())
    let bundle = try SecureConnectBundle(zip: zip)
    // The authority's certificate was made earlier, and may end a second earlier.
    let end = min(bundle.validity.upperBound, bundle.authorityValidity.upperBound)
    _ = try SecureConnectBundle(zip: zip, now: end)
    let late = end + 1
    #expect(error { _ = try SecureConnectBundle(zip: zip, now: late) }?.code == .bundleExpired)
  }

  @Test func whatIsNoArchiveIsRefused() {
    let zip = AstraBundle.zip(Self.files())
    for bytes in [
      [], Array("PK?".utf8), Array("<html>".utf8), Array(zip.prefix(zip.count / 2)), Array(zip.dropFirst(9)),
    ] {
      #expect(error { _ = try SecureConnectBundle(zip: bytes) }?.code == .bundleNotZip)
    }
    // No entry at all.
    #expect(error { _ = try SecureConnectBundle(zip: RawZip(entries: []).bytes) } != nil)
  }

  @Test func sizesAreBoundedWhateverTheArchiveClaims() {
    let files = Self.files()
    func error(_ name: String, _ change: (inout RawZip.Entry) -> Void) -> AstraError? {
      let entries = files.sorted { $0.key < $1.key }.map { file in
        var entry = RawZip.Entry(name: file.key, bytes: file.value)
        if file.key == name { change(&entry) }
        return entry
      }
      return self.error { _ = try SecureConnectBundle(zip: RawZip(entries: entries).bytes) }
    }
    #expect(error("") { _ in } == nil)
    // It says 10 GB and has a few bytes.
    #expect(error("ca.crt") { $0.claimedSize = 10_000_000_000 }?.code == .bundleTooLarge)
    #expect(error("key") { $0.claimedSize = 300_000 }?.code == .bundleTooLarge)
    #expect(error("key") { $0.claimedSize = 1 }?.code != nil)
    #expect(error("key") { $0.claimedSize = UInt64($0.bytes.count) + 1 }?.code == .bundleNotZip)
    #expect(error("cert") { $0.checksum = 1 }?.code == .bundleNotZip)
    #expect(error("cert") { $0.flags = 1 }?.code == .bundleNotZip)
    #expect(error("cert") { $0.method = 99 }?.code == .bundleNotZip)
    // A bomb: much that packs into little.
    let bomb = self.error { $0["key"] = [UInt8](repeating: 0x41, count: 50_000_000) }
    #expect(bomb?.code == .bundleTooLarge)
    let many = self.error { files in for index in 0..<200 { files["file \(index)"] = [] } }
    #expect(many?.code == .bundleTooLarge)
    let large = [UInt8](repeating: 0, count: SecureConnectBundle.maximumBytes + 1)
    #expect(self.error { _ = try SecureConnectBundle(zip: large) }?.code == .bundleTooLarge)
  }

  @Test(arguments: ["../", "/", "./", "secure-connect-db/", "..\\"]) func pathsAreNotFollowed(_ prefix: String) {
    let error = error { files in
      files = Dictionary(uniqueKeysWithValues: files.map { (prefix + $0.key, $0.value) })
    }
    #expect(error?.code == .bundleEntryMissing)
  }

  @Test func aFileThatIsThereTwiceIsRefused() {
    let entries = (Self.files().map { RawZip.Entry(name: $0.key, bytes: $0.value) }) + [.init(name: "key", bytes: [])]
    let error = error { _ = try SecureConnectBundle(zip: RawZip(entries: entries).bytes) }
    #expect(error?.code == .bundleNotZip)
  }

  /// The names of other files are compared with those that are wanted: each comparison took a second and a half.
  @Test(.timeLimit(.minutes(5))) func namesOfOtherFilesAreBytes() throws {
    let marks = String(repeating: "\u{301}", count: 15_000) + String(repeating: "\u{316}", count: 15_000)
    let others = (0..<8).map { RawZip.Entry(name: "e\(marks)\($0)", bytes: []) }
    let entries = others + Self.files().map { RawZip.Entry(name: $0.key, bytes: $0.value) }
    for _ in 0..<3 { _ = try SecureConnectBundle(zip: RawZip(entries: entries).bytes) }
  }

  @Test func noKeyIsInWhatIsPrinted() throws {
    let files = Self.files()
    let bundle = try SecureConnectBundle(zip: AstraBundle.zip(files))
    var printed = "\(bundle) \(String(reflecting: bundle))"
    dump(bundle, to: &printed)
    let key = try #require(files["key"])
    for line in String(decoding: key, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("-") {
      #expect(!printed.contains(line))
    }
  }
}
