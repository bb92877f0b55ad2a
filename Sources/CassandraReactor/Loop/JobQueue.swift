/// The jobs that a loop has to run, in the order in which they became ready: a ring that doubles when it is full.
struct JobQueue {
  private var jobs: [UnownedJob?]
  private var head = 0
  private var count = 0

  /// Begins with room for 256 jobs.
  init() { jobs = Array(repeating: nil, count: 256) }

  var isEmpty: Bool { count == 0 }

  @inline(__always)
  mutating func append(_ job: UnownedJob) {
    if count == jobs.count { grow() }
    jobs[(head &+ count) & (jobs.count &- 1)] = job
    count &+= 1
  }

  @inline(__always)
  mutating func popFirst() -> UnownedJob? {
    guard count > 0 else { return nil }
    let job = jobs[head]
    head = (head &+ 1) & (jobs.count &- 1)
    count &-= 1
    return job
  }

  private mutating func grow() {
    var larger: [UnownedJob?] = Array(repeating: nil, count: jobs.count * 2)
    for index in 0..<count { larger[index] = jobs[(head + index) & (jobs.count - 1)] }
    jobs = larger
    head = 0
  }
}
