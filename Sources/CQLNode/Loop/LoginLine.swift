internal import CQLEngine
internal import CassandraReactor

/// Logins of one loop whose passwords have to be hashed, which takes tens of milliseconds of another thread: one after the
/// other, and addresses by turns, so that who tries many passwords waits for themselves and others for one of them.
final class LoginLine {
  /// A login with who waits for it.
  struct Entry {
    let connection: ClientConnection
    let attempt: LoginAttempt
    let address: [UInt8]
  }

  private let authority: any LoginAuthority
  private let wishes: LoopQueue<Void>
  private var entries = FairQueue<Entry>()
  /// The lines of the addresses from which logins wait. As many as connections that have not logged in, at most.
  private var lines: [[UInt8]: (line: FairQueue<Entry>.Line, count: Int)] = [:]

  init(_ authority: any LoginAuthority, on loop: EventLoop) {
    self.authority = authority
    wishes = LoopQueue(on: loop)
  }

  /// What the roles say at once; nil when a password has to be hashed, and then ``append(_:)`` is for it.
  func known(_ attempt: LoginAttempt) -> LoginOutcome? { authority.knownLogin(attempt.name, attempt.password) }

  /// Puts a login behind those of its address.
  func append(_ entry: Entry) {
    var line = lines[entry.address] ?? (FairQueue<Entry>.Line(), 0)
    line.count += 1
    lines[entry.address] = line
    entries.append(entry, to: line.line, isFirst: line.count == 1)
    wishes.push(())
  }

  private func next() -> Entry? {
    guard let entry = entries.popFirst() else { return nil }
    if let count = lines[entry.address]?.count, count > 1 {
      lines[entry.address]?.count = count - 1
    } else {
      lines[entry.address] = nil
    }
    return entry
  }

  /// Looks at logins until ``finish()``. `isWorth` says whether one is still to be looked at.
  func run(isWorth: (Entry) -> Bool) async {
    while await wishes.takeAll() != nil {
      while let entry = next() {
        guard !Task.isCancelled else { return }
        guard isWorth(entry) else { continue }
        let attempt = entry.attempt
        entry.connection.decideLater(attempt, await authority.logIn(attempt.name, attempt.password))
      }
    }
  }

  /// Lets ``run(isWorth:)`` end.
  func finish() { wishes.finish() }
}
