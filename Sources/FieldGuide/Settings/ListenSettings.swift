internal import CassandraHTTPServer
internal import CassandraReactor

/// Where the API listens, and with which certificate.
enum ListenSettings {
  static let names = [
    "FIELDGUIDE_LISTEN", "FIELDGUIDE_HOST", "FIELDGUIDE_PORT", "FIELDGUIDE_TLS_CERTIFICATE", "FIELDGUIDE_TLS_KEY",
  ]
  /// What platforms set that tell a program where to listen.
  static let portName = "PORT"

  /// The addresses; `options` are those of the command, which go before.
  static func addresses(
    _ source: SettingsSource, options: [String: String]
  ) throws(SettingsError) -> [SocketAddress] {
    if let listen = value("FIELDGUIDE_LISTEN", "listen", source, options) {
      var addresses: [SocketAddress] = []
      for text in ServerSetting.list(listen.text) { addresses.append(try address(text, at: listen.place)) }
      guard !addresses.isEmpty else { throw SettingsError("\(listen.place) names no address.") }
      return addresses
    }
    var port = 5000
    if let given = value("FIELDGUIDE_PORT", "port", source, options) ?? source[portName] {
      port = try number(given.text, at: given.place)
    }
    guard let host = value("FIELDGUIDE_HOST", "host", source, options) else { return [try ip("127.0.0.1", port)] }
    var addresses: [SocketAddress] = []
    for text in ServerSetting.list(host.text) {
      do throws(SettingsError) { addresses.append(try ip(text, port)) } catch {
        throw SettingsError(
          "\(host.place) takes IP addresses, such as 127.0.0.1, ::1 or 0.0.0.0, with commas between, not '\(text)'.")
      }
    }
    guard !addresses.isEmpty else { throw SettingsError("\(host.place) names no address.") }
    return addresses
  }

  private static func value(
    _ name: String, _ option: String, _ source: SettingsSource, _ options: [String: String]
  ) -> SettingsSource.Value? {
    if let text = options[option] { return SettingsSource.Value(text: text, place: "--\(option)", folder: nil) }
    return source[name]
  }

  /// `host:port`, `[::1]:port`, a port alone, or `unix:/path`.
  private static func address(_ text: String, at place: String) throws(SettingsError) -> SocketAddress {
    if text.hasPrefix("unix:") {
      do throws(ReactorError) { return try SocketAddress(unixPath: String(text.dropFirst(5))) } catch {
        throw SettingsError("\(place): \(error).")
      }
    }
    var host = "127.0.0.1"
    var port = text
    if let colon = text.lastIndex(of: ":") {
      host = String(text[..<colon])
      port = String(text[text.index(after: colon)...])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    }
    let number = try number(port, at: place)
    do throws(SettingsError) { return try ip(host, number) } catch {
      throw SettingsError(
        "\(place) takes addresses such as 0.0.0.0:5000, [::]:5000 or unix:/run/api.sock, with commas between, not '\(text)'."
      )
    }
  }

  private static func number(_ text: String, at place: String) throws(SettingsError) -> Int {
    guard let port = Int(text), 0...65_535 ~= port else {
      throw SettingsError("\(place) takes a number from 0 to 65535, not '\(text)'.")
    }
    return port
  }

  private static func ip(_ host: String, _ port: Int) throws(SettingsError) -> SocketAddress {
    do throws(ReactorError) { return try SocketAddress(host == "localhost" ? "127.0.0.1" : host, port: port) } catch {
      throw SettingsError("'\(host)' is not an IP address.")
    }
  }

  /// The certificate and the key of the API as their files are at present; nil when neither is set.
  static func identity(_ source: SettingsSource, options: [String: String]) throws(SettingsError) -> TLSIdentity? {
    let certificate = value("FIELDGUIDE_TLS_CERTIFICATE", "tls-certificate", source, options)
    let key = value("FIELDGUIDE_TLS_KEY", "tls-key", source, options)
    switch (certificate, key) {
    case (nil, nil): return nil
    case (let certificate?, nil): throw SettingsError("\(certificate.place) is set and FIELDGUIDE_TLS_KEY is missing.")
    case (nil, let key?): throw SettingsError("\(key.place) is set and FIELDGUIDE_TLS_CERTIFICATE is missing.")
    case (let certificate?, let key?):
      return TLSIdentity(
        certificateChain: try CassandraSettings.pem(certificate), privateKey: try CassandraSettings.pem(key),
        file: certificate.path)
    }
  }

  /// What connections of the API are made with.
  static func tlsContext(_ identity: TLSIdentity, protocols: [String]) throws(SettingsError) -> TLSServerContext {
    do throws(ReactorError) {
      return try TLSServerContext(identity: identity, applicationProtocols: protocols)
    } catch {
      throw SettingsError("The certificate of the API cannot be used: \(error).", about: .certificates)
    }
  }
}
