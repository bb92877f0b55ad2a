import CassandraBytes

/// What a server has to know of STARTUP (section 4.1.1); it is read before anybody has logged in.
///
/// A client may send any options, in any number. Only those that are known are looked at, by their bytes, and nothing is
/// made of the others.
public struct StartupOptions: Sendable, Hashable {
  /// The version of CQL that the client wants.
  public private(set) var cqlVersion: String?
  /// The compression that it wants from now on.
  public private(set) var compression: String?
  /// What the client calls its driver, of which no more than 128 bytes are taken.
  public private(set) var driverName: String?
  /// The version of its driver, of which no more than 128 bytes are taken.
  public private(set) var driverVersion: String?

  private static let maximumDriverBytes = 128

  /// Reads the body of STARTUP. The names of options are taken in any case, as Cassandra takes them; of two options of
  /// one name the later stays.
  ///
  /// - Throws: ``WireError``: the body is no map of texts.
  public init(reading body: Span<UInt8>) throws(WireError) {
    var position = 0
    let count = try body.readCount(elementsOf: 4, &position)
    for _ in 0..<count {
      let key = body.extracting(try body.readShortBytes(&position))
      if Self.isName(key, "CQL_VERSION") {
        cqlVersion = try body.readString(&position)
      } else if Self.isName(key, "COMPRESSION") {
        compression = try body.readString(&position)
      } else if Self.isName(key, "DRIVER_NAME") {
        driverName = Self.text(body.extracting(try body.readShortBytes(&position)))
      } else if Self.isName(key, "DRIVER_VERSION") {
        driverVersion = Self.text(body.extracting(try body.readShortBytes(&position)))
      } else {
        _ = try body.readShortBytes(&position)
      }
    }
  }

  private static func text(_ bytes: Span<UInt8>) -> String {
    String(decoding: [UInt8](copying: bytes.extracting(0..<min(bytes.count, maximumDriverBytes))), as: UTF8.self)
  }

  private static func isName(_ key: Span<UInt8>, _ name: StaticString) -> Bool {
    guard key.count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { name in
      for index in name.indices {
        let byte = key[index]
        let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 0x20 : byte
        if unsafe upper != name[index] { return false }
      }
      return true
    }
  }
}

extension RequestPrefix {
  /// Moves `position` behind what `flags` announce at the start of a body, for who has no use for it: a custom payload is
  /// named by strangers and as long as they like.
  public static func skip(_ body: Span<UInt8>, at position: inout Int, flags: EnvelopeFlags) throws(WireError) {
    guard flags.contains(.customPayload) else { return }
    let count = try body.readCount(elementsOf: 6, &position)
    for _ in 0..<count {
      _ = try body.readShortBytes(&position)
      _ = try body.readBytes(&position)
    }
  }
}
