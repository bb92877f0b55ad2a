/// Requests in the order in which they came: a ring that doubles when it is full and gives its memory back when it is
/// empty and was large.
struct RequestRing {
  private static let smallest = 64

  private var requests = [StatementRequest?](repeating: nil, count: smallest)
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ request: StatementRequest) {
    if count == requests.count { grow() }
    requests[(head &+ count) & (requests.count &- 1)] = request
    count &+= 1
  }

  mutating func popFirst() -> StatementRequest? {
    guard count > 0 else { return nil }
    let request = requests[head].take()
    head = (head &+ 1) & (requests.count &- 1)
    count &-= 1
    if count == 0 && requests.count > Self.smallest * 16 { self = RequestRing() }
    return request
  }

  private mutating func grow() {
    var larger: [StatementRequest?] = []
    larger.reserveCapacity(requests.count * 2)
    for offset in 0..<count { larger.append(requests[(head + offset) & (requests.count - 1)]) }
    larger.append(contentsOf: repeatElement(nil, count: requests.count * 2 - count))
    requests = larger
    head = 0
  }
}
