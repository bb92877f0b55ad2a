/// The jobs that a loop has to run, in the order in which they became ready.
///
/// The array is emptied at once when its end is reached, which is every turn, so it never grows for long.
struct JobQueue {
  private var jobs: [UnownedJob] = []
  private var head = 0

  var isEmpty: Bool { head == jobs.count }

  @inline(__always)
  mutating func append(_ job: UnownedJob) { jobs.append(job) }

  @inline(__always)
  mutating func popFirst() -> UnownedJob? {
    guard head < jobs.count else { return nil }
    let job = jobs[head]
    head += 1
    if head == jobs.count {
      jobs.removeAll(keepingCapacity: true)
      head = 0
    }
    return job
  }
}
