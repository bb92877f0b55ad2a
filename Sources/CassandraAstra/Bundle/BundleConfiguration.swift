internal import CassandraJSON

/// What `config.json` of a bundle says, as far as it is used.
struct BundleConfiguration: Sendable, Equatable {
  var host: String
  var port: Int
  var keyspace: String?
  var localDatacenter: String?
  /// Whether it holds a user and a password, as the bundles of 2019 do.
  var hasCredentials: Bool

  /// - Throws: ``AstraError/Code/bundleConfiguration`` that names the member.
  init(parsing bytes: [UInt8]) throws(AstraError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(
        parsing: bytes, limits: JSONLimits(bytes: SecureConnectBundle.maximumEntryBytes, depth: 16))
    } catch {
      throw .configuration("is not valid JSON", logDetail: "\(error)", cause: error)
    }
    guard value.members != nil else { throw .configuration("is not a JSON object") }
    guard let host = Self.text(value["host"]) else { throw .configuration("has no host") }
    guard Self.isHost(host) else { throw .configuration("has a host that is neither a name nor an address") }
    guard let port = value["port"], !port.isNull else { throw .configuration("has no port") }
    guard let number = port.number?.exactInt ?? port.string.flatMap({ Int($0) }), (1...65_535).contains(number) else {
      throw .configuration("has a port that is not a number from 1 to 65535")
    }
    self.host = host
    self.port = number
    keyspace = Self.text(value["keyspace"])
    localDatacenter = Self.text(value["localDC"])
    hasCredentials = Self.text(value["password"]) != nil
  }

  private static func text(_ value: JSONValue?) -> String? {
    guard let text = value?.string, !text.isEmpty else { return nil }
    return text
  }

  /// Whether it can be looked up, verified and sent as a header: letters, digits and the signs of names and addresses.
  static func isHost(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }
}
