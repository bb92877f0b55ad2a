import CEpoll
import CassandraHTTP
import Glibc

/// A connection to the server, with at most one request on its way.
final class Peer {
  let file: Int32
  /// When the request on its way was due, in nanoseconds; nil when there is none.
  var due: UInt64?
  /// Whether the request on its way counts.
  var counts = false
  private let method: Method
  private var parser = ResponseParser()
  private var head = ResponseHead()
  private var body: BodyDecoder?

  init(_ load: Load) throws {
    method = load.method
    file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard file >= 0 else { throw Load.Wrong(description: "no further socket: \(Self.reason)") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = load.port.bigEndian
    guard inet_pton(AF_INET, load.address, &address.sin_addr) == 1 else {
      throw Load.Wrong(description: "\(load.address) is no address of IPv4")
    }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      throw Load.Wrong(description: "no connection to \(load.address):\(load.port): \(Self.reason)")
    }
    var one: Int32 = 1
    setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { close(file) }

  private static var reason: String { String(cString: strerror(errno)) }

  func send(_ request: [UInt8]) throws {
    let count = Glibc.send(file, request, request.count, Int32(MSG_NOSIGNAL))
    guard count == request.count else { throw Load.Wrong(description: "a request was not taken: \(Self.reason)") }
  }

  /// Reads what is there; the answer's status once it is whole.
  func receive(_ buffer: inout [UInt8]) throws -> Status? {
    let count = recv(file, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count < 0, errno == EAGAIN || errno == EINTR { return nil }
    guard count > 0 else { throw Load.Wrong(description: "the server ended a connection") }
    let bytes = buffer.span.extracting(0..<count)
    var offset = 0
    if body == nil {
      repeat {
        guard try parser.parse(bytes, from: &offset, answering: method, into: &head) else { return nil }
      } while head.isInterim
      body = BodyDecoder(head.framing)
    }
    while let event = try body?.next(bytes, from: &offset) {
      switch event {
      case .bytes: continue
      case .needsMore: return nil
      case .end:
        body = nil
        return head.status
      }
    }
    return nil
  }
}

/// What tells which sockets have something, and when a time has come.
struct Poll {
  /// What ``wait(_:)`` tells of the timer.
  static let timerID = UInt32.max

  private let file = epoll_create1(0)
  private let timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK))
  private var events = [epoll_event](repeating: epoll_event(), count: 512)

  init() throws {
    guard file >= 0, timer >= 0 else { throw Load.Wrong(description: "the system has no epoll or no timers") }
    add(timer, id: Self.timerID)
  }

  func add(_ other: Int32, id: UInt32) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u32 = id
    epoll_ctl(file, EPOLL_CTL_ADD, other, &event)
  }

  /// Lets ``wait(_:)`` return at a time, in nanoseconds of the monotonic clock, and at none set before.
  func wake(at time: UInt64) {
    var setting = itimerspec()
    setting.it_value = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
    timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME), &setting, nil)
  }

  /// Waits until there is something; returns how many ``id(_:)`` tell of.
  mutating func wait() -> Int { max(0, Int(epoll_wait(file, &events, Int32(events.count), -1))) }

  /// What has something; ``timerID`` when the time has come.
  func id(_ index: Int) -> UInt32 {
    let id = events[index].data.u32
    if id == Self.timerID {
      var passed: UInt64 = 0
      _ = read(timer, &passed, 8)
    }
    return id
  }
}
