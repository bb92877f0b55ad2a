#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What started the program, when it wants to know how far the program has got (systemd's `Type=notify`).
public enum ServiceManager {
  /// A state of the program.
  public enum State: String, Sendable {
    /// It serves.
    case ready = "READY=1"
    /// It is ending.
    case stopping = "STOPPING=1"
  }

  /// Tells it, by a datagram to the socket that `NOTIFY_SOCKET` names: a path, or a name in the abstract space after an
  /// `@`. Does nothing without that variable, and nothing can be done when it cannot be told.
  public static func tell(_ state: State) {
    guard let variable = getenv("NOTIFY_SOCKET") else { return }
    tell(state, at: String(cString: variable))
  }

  static func tell(_ state: State, at name: String) {
    #if canImport(Darwin)
      // There is no systemd.
    #else
      var bytes = Array(name.utf8)
      var address = sockaddr_un()
      guard bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: address.sun_path),
        bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@")
      else { return }
      if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { return }
      defer { close(descriptor) }
      let length = MemoryLayout<sa_family_t>.size + bytes.count
      let text = Array(state.rawValue.utf8)
      withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), pointer, socklen_t(length))
        }
      }
    #endif
  }
}
