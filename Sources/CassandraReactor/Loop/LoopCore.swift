internal import CCassandraUV

/// What an event loop is made of. Touched on the loop's thread only, once that runs.
final class LoopCore {
  /// Bytes that one read takes from a socket at most: 256 KiB. One buffer serves all connections of the loop.
  static let receiveBufferBytes = 256 << 10
  /// Bytes that a turn receives before it takes less from each socket: 4 MiB. What a thousand clients send at once would
  /// make a turn of a second, in which nobody is answered.
  static let largeInputBytes = 4 << 20
  /// Bytes that one read takes then: 16 KiB.
  static let smallReceiveBytes = 16 << 10
  /// Bytes after which a turn receives no more from a connection: 256 KiB, and inside TLS 128 KiB. Messages may be of a few
  /// bytes, of which these are thousands; and a record of TLS may have one byte, so that 128 KiB of them take as long to
  /// decrypt as megabytes of others, about 9 ms.
  static let receivedInTurn = 256 << 10
  static let receivedInTurnOfTLS = 128 << 10
  /// Bytes that a turn receives before it takes less from each connection inside TLS: 512 KiB; and how many it takes then:
  /// 4 KiB.
  static let largeInputBytesOfTLS = 512 << 10
  static let smallReceiveBytesOfTLS = 4 << 10
  /// Bytes that are decrypted at once at most: 64 KiB, four records of TLS.
  static let plaintextBufferBytes = 64 << 10
  /// Emptied output buffers that are kept for the next connection with something to say: 64 of at most 64 KiB.
  static let maximumSpareBuffers = 64
  static let maximumSpareBufferBytes = 64 << 10

  let uv: UnsafeMutablePointer<uv_loop_t>
  let wake: UnsafeMutablePointer<uv_async_t>
  private let prepare: UnsafeMutablePointer<uv_prepare_t>
  private let check: UnsafeMutablePointer<uv_check_t>
  private let idle: UnsafeMutablePointer<uv_idle_t>
  private let timer: UnsafeMutablePointer<uv_timer_t>

  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) var ready = Ring<UnownedJob>(room: 256)
  /// An empty one, with the room of one that was worked off.
  @exclusivity(unchecked) private var foreignRoom = ForeignWork()
  /// Counts the turns.
  @exclusivity(unchecked) private(set) var turnNumber: UInt64 = 0
  /// Bytes that have been received since the last turn began.
  @exclusivity(unchecked) var receivedBytes = 0
  /// What is to be done at the end of this turn.
  @exclusivity(unchecked) var endings: [() -> Void] = []
  @exclusivity(unchecked) var turnEndings: [any TurnEnding] = []
  let receiveBuffer: UnsafeMutableRawBufferPointer
  /// What TLS has decrypted of one read.
  let plaintextBuffer: UnsafeMutableRawBufferPointer
  @exclusivity(unchecked) private var dirty: [Transport] = []
  @exclusivity(unchecked) private var flushing: [Transport] = []
  @exclusivity(unchecked) private var spareBuffers = [[UInt8]](repeating: [], count: maximumSpareBuffers)
  @exclusivity(unchecked) private var spareCount = 0
  @exclusivity(unchecked) private var deadlines: DeadlineWheel<Deadline>
  @exclusivity(unchecked) private var timerDue = UInt64.max
  /// Whether the loop has been late, and has read its sockets since.
  @exclusivity(unchecked) private var hasReadAfterLateness = false
  @exclusivity(unchecked) private var isIdling = false
  /// Sockets, timers and look-ups that are open on this loop, without the loop's own handles.
  @exclusivity(unchecked) var openHandles = 0

  private struct Deadline {
    var handler: any DeadlineHandler
    var token: UInt64
  }

  init() throws(ReactorError) {
    uv = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    prepare = .allocate(capacity: 1)
    check = .allocate(capacity: 1)
    idle = .allocate(capacity: 1)
    timer = .allocate(capacity: 1)
    receiveBuffer = .allocate(byteCount: Self.receiveBufferBytes, alignment: 64)
    plaintextBuffer = .allocate(byteCount: Self.plaintextBufferBytes, alignment: 64)
    let result = uv_loop_init(uv)
    deadlines = DeadlineWheel(now: result == 0 ? uv_now(uv) : 0)
    if result != 0 { throw ReactorError(uv: result, "making an event loop") }
    // Here and not on the loop's thread, because other threads may give work to the loop before that runs.
    let asyncResult = uv_async_init(uv, wake) { handle in EventLoop.of(handle?.pointee.data)?.takeForeignWork() }
    if asyncResult != 0 { throw ReactorError(uv: asyncResult, "making an event loop") }
  }

  deinit {
    plaintextBuffer.deallocate()
    receiveBuffer.deallocate()
    timer.deallocate()
    idle.deallocate()
    check.deallocate()
    prepare.deallocate()
    wake.deallocate()
    uv.deallocate()
  }

  /// On the loop's thread, before it runs.
  func start(_ loop: EventLoop) {
    let me = Unmanaged.passUnretained(loop).toOpaque()
    wake.pointee.data = me
    uv_prepare_init(uv, prepare)
    prepare.pointee.data = me
    uv_prepare_start(prepare) { handle in EventLoop.of(handle?.pointee.data)?.endTurn() }
    uv_check_init(uv, check)
    check.pointee.data = me
    uv_check_start(check) { handle in EventLoop.of(handle?.pointee.data)?.beginTurn() }
    uv_idle_init(uv, idle)
    idle.pointee.data = me
    uv_timer_init(uv, timer)
    timer.pointee.data = me
  }

  /// Closes the loop's own handles; the loop's thread ends when all others have closed too.
  func stop() {
    let handles = [
      UnsafeMutableRawPointer(wake), UnsafeMutableRawPointer(prepare), UnsafeMutableRawPointer(check),
      UnsafeMutableRawPointer(idle), UnsafeMutableRawPointer(timer),
    ]
    for handle in handles { uv_close(handle.assumingMemoryBound(to: uv_handle_t.self), nil) }
  }

  /// After the loop has run for the last time.
  func finish() {
    uv_loop_close(uv)
  }

  /// Room for what other threads give next.
  func takeForeignRoom() -> ForeignWork {
    var room = ForeignWork()
    swap(&room, &foreignRoom)
    return room
  }

  /// Takes back room that has been emptied.
  func keepForeignRoom(_ room: consuming ForeignWork) { foreignRoom = room }

  /// The sockets have been looked at.
  func beginTurn() {
    turnNumber &+= 1
    receivedBytes = 0
  }

  /// Bytes that the next read takes at most.
  var receiveRoom: Int { receivedBytes < Self.largeInputBytes ? receiveBuffer.count : Self.smallReceiveBytes }

  /// The same inside TLS.
  var receiveRoomOfTLS: Int {
    receivedBytes < Self.largeInputBytesOfTLS ? Self.receivedInTurnOfTLS : Self.smallReceiveBytesOfTLS
  }

  /// While there is work left at the end of a turn, the loop must not sleep.
  var keepsGoing: Bool {
    get { isIdling }
    set {
      guard newValue != isIdling else { return }
      isIdling = newValue
      if newValue {
        uv_idle_start(idle) { _ in }
      } else {
        uv_idle_stop(idle)
      }
    }
  }
}

// MARK: - The end of a turn

/// Has something to do at the end of a turn, when it has asked for that with ``EventLoop/atEndOfTurn(_:)``.
package protocol TurnEnding: AnyObject {
  /// This turn has nothing else to run, and its connections have not written yet.
  func turnEnds()
}

extension LoopCore {
  /// Runs what was given for the end of the turn. What that gives anew is for the end of the next round.
  func runEndings() {
    if !turnEndings.isEmpty {
      var due: [any TurnEnding] = []
      swap(&due, &turnEndings)
      for ending in due { ending.turnEnds() }
      due.removeAll(keepingCapacity: true)
      if turnEndings.isEmpty { swap(&due, &turnEndings) }
    }
    guard !endings.isEmpty else { return }
    var due: [() -> Void] = []
    swap(&due, &endings)
    for ending in due { ending() }
    due.removeAll(keepingCapacity: true)
    if endings.isEmpty { swap(&due, &endings) }
  }
}

// MARK: - Output

extension LoopCore {
  /// Lets `transport` write at the end of this turn.
  func markDirty(_ transport: Transport) { dirty.append(transport) }

  func flushDirty() {
    while !dirty.isEmpty {
      var transports: [Transport] = []
      swap(&transports, &flushing)
      swap(&transports, &dirty)
      for transport in transports { transport.flushAtEndOfTurn() }
      transports.removeAll(keepingCapacity: true)
      swap(&transports, &flushing)
    }
  }

  /// An empty buffer, with capacity when one is to spare.
  func takeBuffer() -> [UInt8] {
    guard spareCount > 0 else { return [] }
    spareCount -= 1
    var buffer: [UInt8] = []
    swap(&buffer, &spareBuffers[spareCount])
    return buffer
  }

  /// Takes back an empty buffer that nobody else holds.
  func giveBack(_ buffer: consuming [UInt8]) {
    guard spareCount < Self.maximumSpareBuffers, buffer.capacity <= Self.maximumSpareBufferBytes else { return }
    var buffer = buffer
    swap(&buffer, &spareBuffers[spareCount])
    spareCount += 1
  }
}

// MARK: - Deadlines

/// Is told when a deadline has passed that was set with ``EventLoop/setDeadline(after:handler:token:)``.
public protocol DeadlineHandler: AnyObject {
  /// The deadline with `token` has passed; on the loop's thread.
  func deadlinePassed(token: UInt64)
}

extension LoopCore {
  /// Milliseconds of the monotonic clock, as of the beginning of this turn.
  var now: UInt64 { uv_now(uv) }

  func setDeadline(due: UInt64, handler: any DeadlineHandler, token: UInt64) -> DeadlineKey {
    let key = deadlines.insert(Deadline(handler: handler, token: token), due: due)
    if due < timerDue { armTimer() }
    return key
  }

  func cancelDeadline(_ key: DeadlineKey) { deadlines.cancel(key) }

  /// The timer of libuv is set to the wheel's next date and left there when that deadline is cancelled: waking once for
  /// nothing costs less than setting it anew for every request.
  private func armTimer() {
    guard let due = deadlines.nextDue else {
      timerDue = .max
      return
    }
    timerDue = due
    let now = uv_now(uv)
    uv_timer_start(
      timer, { handle in EventLoop.of(handle?.pointee.data)?.core.expireDeadlines() }, max(due, now) - now, 0)
  }

  /// How late a loop is that has stood still: from 20 ms on.
  private static let latenessMilliseconds: UInt64 = 20

  /// Tells who waits for deadlines that have passed.
  ///
  /// libuv looks at its timers before it looks at its sockets. A loop that has stood still for a while would take peers for
  /// silent whose words wait in its sockets, so it reads these first.
  private func expireDeadlines() {
    let now = uv_now(uv)
    if now >= timerDue, now - timerDue >= Self.latenessMilliseconds, !hasReadAfterLateness {
      hasReadAfterLateness = true
      // Not 0: libuv would come here again at once.
      uv_timer_start(timer, { handle in EventLoop.of(handle?.pointee.data)?.core.expireDeadlines() }, 1, 0)
      return
    }
    hasReadAfterLateness = false
    while let deadline = deadlines.popExpired(at: now) { deadline.handler.deadlinePassed(token: deadline.token) }
    armTimer()
  }
}
