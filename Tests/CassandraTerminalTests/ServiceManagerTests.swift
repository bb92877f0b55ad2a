#if os(Linux)
  import Glibc
  import Testing

  @testable import CassandraTerminal

  @Suite struct ServiceManagerTests {
    /// What arrives at a socket of that name, by a path or an abstract one.
    private func received(_ name: String, _ tell: (String) -> Void) throws -> String {
      let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      var bytes = Array(name.utf8)
      if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
      let isBound = withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
      }
      try #require(isBound)
      defer { unlink(name) }
      tell(name)
      var buffer = [UInt8](repeating: 0, count: 64)
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func itIsToldByBothKindsOfNames() throws {
      #expect(try received("@cassandra-\(getpid())") { ServiceManager.tell(.ready, at: $0) } == "READY=1")
      #expect(try received("/tmp/cassandra-\(getpid())") { ServiceManager.tell(.stopping, at: $0) } == "STOPPING=1")
    }

    @Test func aNameThatIsNoneIsLeftAlone() {
      for name in ["", "@", "relative", "/nowhere/at/all", String(repeating: "/a", count: 100)] {
        ServiceManager.tell(.ready, at: name)
      }
    }
  }
#endif
