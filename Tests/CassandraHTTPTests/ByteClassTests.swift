import Testing

@testable import CassandraHTTP

/// The table against the grammars that it stands for.
@Suite struct ByteClassTests {
  private static let alphanumeric = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
  private static let unreserved = alphanumeric.union("-._~".utf8)
  private static let subDelimiters = Set("!$&'()*+,;=".utf8)

  @Test func token() { expect(.token, Self.alphanumeric.union("!#$%&'*+-.^_`|~".utf8)) }

  @Test func path() { expect(.path, Self.unreserved.union(Self.subDelimiters).union(":@/".utf8).union("[]|^".utf8)) }

  @Test func query() { expect(.query, Set(0x21...0x7e).subtracting("\"#<>".utf8)) }

  @Test func unreserved() { expect(.unreserved, Self.unreserved) }

  @Test func host() { expect(.host, Self.unreserved.union(Self.subDelimiters)) }

  @Test func value() { expect(.value, Set(0x20...0x7e).union([0x09]).union(0x80...0xff)) }

  private func expect(_ byteClass: ByteClass, _ members: Set<UInt8>) {
    #expect(Set((UInt8.min...UInt8.max).filter { $0.isIn(byteClass) }) == members)
  }

  /// The scanner's eight-byte steps see every byte at every place of a word.
  @Test func controlsAreFoundAtEveryPlace() {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<24 {
        var line = [UInt8](repeating: 0x61, count: 24)
        line[place] = byte
        line += [0x0d, 0x0a]
        var scanner = LineScanner()
        let isAllowed = byte >= 0x20 && byte != 0x7f || byte == 0x09
        do {
          let range = try scanner.next(in: line.span, before: .max)
          #expect(isAllowed && range == 0..<24)
        } catch {
          #expect(!isAllowed && error.offset == place)
        }
      }
    }
  }
}
