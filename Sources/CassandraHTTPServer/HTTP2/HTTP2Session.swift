internal import CCassandraNghttp2
internal import CassandraBytes
internal import CassandraHTTP

/// The frames of one HTTP/2 connection, taken apart and put together by nghttp2: bytes come in and go out, and no socket
/// and no clock is touched. All that is unsafe about HTTP/2 stands here.
///
/// What arrives is told by ``takeEvents()``. What a stream has to say waits in its ``StreamOutput`` until the client's windows
/// let it go.
final class HTTP2Session {
  private let limits: HTTP2Limits
  private var session: OpaquePointer?
  private var outputs: [Int32: StreamOutput] = [:]
  private var events: [Event] = []
  private var fields: HTTP2RequestFields
  /// Whether the fields that come are those of a request, and not trailers.
  private var isReadingRequest = false
  /// Heads of requests that have come, from ``takenHeads`` to ``madeHeads``; the others are spare memory.
  private var heads: [RequestHead] = []
  private var takenHeads = 0
  private var madeHeads = 0
  private var lines = FieldLines()
  /// Whether a head or trailers have begun and are not complete.
  private(set) var isWithinHead = false
  /// Bytes of bodies that the present events are about.
  private(set) var received: [UInt8] = []
  private var order = StreamOrder()
  /// Streams whose output has all been handed over since ``takeEmptied()``.
  private var emptied: [Int32] = []
  /// Streams that were given up by the client, or because of it, since ``takeResets()``.
  private var resets = ResetCount()
  /// Bytes of the present head or trailers as RFC 9113 §6.5.2 counts them, out of HPACK.
  private var decodedBytes = 0
  /// Bytes of answers that the client's windows have not let go.
  private(set) var waitingBytes = 0

  /// Nil when there is no memory for it.
  init?(limits: HTTP2Limits) {
    self.limits = limits
    fields = HTTP2RequestFields(limits: limits.message)
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&options) == 0 else { return nil }
    defer {
      nghttp2_session_callbacks_del(callbacks)
      nghttp2_option_del(options)
    }
    Self.set(callbacks)
    nghttp2_option_set_no_auto_window_update(options, 1)
    nghttp2_option_set_no_closed_streams(options, 1)
    nghttp2_option_set_max_outbound_ack(options, limits.queuedAnswers)
    nghttp2_option_set_max_settings(options, limits.settingsOfAFrame)
    let me = Unmanaged.passUnretained(self).toOpaque()
    guard nghttp2_session_server_new2(&session, callbacks, me, options) == 0 else { return nil }
    submitSettings()
  }

  deinit { nghttp2_session_del(session) }

  private func submitSettings() {
    let settings = [
      (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams),
      (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.bodyBytes),
      (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headListBytes),
      // The tree of priorities of RFC 7540 costs memory and has no use here.
      (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ].map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32(clamping: $0.1)) }
    nghttp2_submit_settings(session, Self.noFlags, settings, settings.count)
    nghttp2_session_set_local_window_size(session, Self.noFlags, 0, Int32(clamping: limits.connectionBodyBytes))
  }

  private static let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
}

// MARK: - Bytes

extension HTTP2Session {
  /// A frame is about to come that the library may pass over.
  func note(_ frame: FrameScan.Head) { order.note(frame) }

  /// Takes bytes of the client, in which the heads of frames were noted with ``note(_:)`` before.
  ///
  /// - Returns: Why the connection ends now; nil when it goes on, or the client is told in the frames that follow.
  func receive(_ bytes: Span<UInt8>) -> Code? {
    let wrong = order.takeWrong()
    let result = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
    if result >= 0 { return wrong }
    // What is fatal for the library has left no word for the client. All but this is about too much of something.
    return result == Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue) ? .protocolError : .enhanceYourCalm
  }

  /// Appends frames to `output`, until there are none or `limit` is reached.
  ///
  /// - Returns: Whether there may be more.
  func write(to output: inout [UInt8], limit: Int) -> Bool {
    while output.count < limit {
      var data: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &data)
      guard count > 0, let data else { return false }
      output.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
    }
    return nghttp2_session_want_write(session) != 0
  }

  /// Hands over what has happened since it was last asked, in exchange for memory to be used next. ``received`` is good
  /// until it is asked again.
  func exchange(_ events: inout [Event]) {
    events.removeAll(keepingCapacity: true)
    swap(&events, &self.events)
  }

  /// The bodies' bytes are not needed any more.
  func dropReceived() { received.removeAll(keepingCapacity: received.capacity <= 64 << 10) }

  /// The head of the next request among the events, in exchange for one whose memory is used again.
  func takeHead(for old: inout RequestHead) {
    swap(&old, &heads[takenHeads])
    takenHeads += 1
    guard takenHeads == madeHeads else { return }
    (takenHeads, madeHeads) = (0, 0)
    if heads.count > Self.spareHeads { heads.removeLast(heads.count - Self.spareHeads) }
  }

  /// Heads whose memory is kept for the next requests: 8.
  private static let spareHeads = 8

  /// Lets go of what an idle connection does not need.
  func letGo() {
    guard events.isEmpty, !isReadingRequest else { return }
    fields = HTTP2RequestFields(limits: limits.message)
    heads = []
    events = []
    received = []
    lines = FieldLines()
    if outputs.isEmpty { outputs = [:] }
  }

  /// Streams whose output has all been handed over, in exchange for memory to be used next.
  func exchangeEmptied(_ streams: inout [Int32]) {
    streams.removeAll(keepingCapacity: true)
    swap(&streams, &emptied)
  }

  /// Whether nothing more is to be sent or expected.
  var isOver: Bool { nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }
  /// How many streams were given up by the client, or because of what it sent, since it was last asked.
  func takeResets() -> Int { resets.take() }

  /// Frames that wait to be sent.
  var queuedFrames: Int { nghttp2_session_get_outbound_queue_size(session) }
}

// MARK: - Streams

extension HTTP2Session {
  /// Sends the head of an answer; with `body` its body follows as it is appended, else there is none.
  ///
  /// - Parameter fill: Appends the fields to a block that has the status.
  func answer(_ stream: Int32, _ status: Status, hasBody: Bool, _ fill: (inout FieldBlock) -> Void) {
    lines.with(status, fill) { fields, count in
      guard hasBody else {
        nghttp2_submit_response(session, stream, fields, count, nil)
        return
      }
      outputs[stream] = StreamOutput()
      var provider = nghttp2_data_provider()
      provider.read_callback = { _, stream, buffer, length, flags, _, context in
        guard let me = HTTP2Session.of(context), let buffer, let flags else {
          return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        return me.hand(over: stream, to: UnsafeMutableRawBufferPointer(start: buffer, count: length), flags)
      }
      if nghttp2_submit_response(session, stream, fields, count, &provider) != 0 { outputs[stream] = nil }
    }
  }

  /// Sends 100 Continue.
  func sendContinue(_ stream: Int32) {
    lines.with(.continue) { _ in
    } _: { fields, count in
      _ = nghttp2_submit_headers(session, Self.noFlags, stream, nil, fields, count, nil)
    }
  }

  /// Copies what the stream has to say.
  private func hand(
    over stream: Int32, to buffer: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>
  ) -> Int {
    guard let index = outputs.index(forKey: stream) else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    let isEnded = outputs.values[index].isEnded
    guard outputs.values[index].waiting > 0 || isEnded else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
    let count = outputs.values[index].hand(over: buffer)
    waitingBytes -= count
    if outputs.values[index].waiting == 0 {
      emptied.append(stream)
      if isEnded { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    }
    return count
  }

  /// Bytes that the stream has not handed over, and those that it has.
  func progress(of stream: Int32) -> (waiting: Int, sent: UInt64) {
    guard let output = outputs[stream] else { return (0, 0) }
    return (output.waiting, output.sent)
  }

  /// Gives the stream's output away, to be appended to and put back.
  func takeOutput(of stream: Int32) -> [UInt8] {
    guard let index = outputs.index(forKey: stream) else { return [] }
    if outputs.values[index].start > 0 {
      outputs.values[index].bytes.removeFirst(outputs.values[index].start)
      outputs.values[index].start = 0
    }
    var taken: [UInt8] = []
    swap(&taken, &outputs.values[index].bytes)
    waitingBytes -= taken.count
    return taken
  }

  /// Takes it back. What belongs to no stream any more is dropped.
  func putBack(_ bytes: consuming [UInt8], of stream: Int32, isEnd: Bool) {
    guard let index = outputs.index(forKey: stream) else { return }
    waitingBytes += bytes.count
    outputs.values[index].bytes = bytes
    outputs.values[index].isEnded = isEnd
    nghttp2_session_resume_data(session, stream)
  }

  /// The stream says no more.
  func endOutput(of stream: Int32) {
    guard let index = outputs.index(forKey: stream) else { return }
    outputs.values[index].isEnded = true
    nghttp2_session_resume_data(session, stream)
  }

  /// Bytes of the stream's body have been used: the client may send as many more.
  func consume(_ count: Int, of stream: Int32) { nghttp2_session_consume(session, stream, count) }
  /// The same for a stream that is over, whose bytes still count for the connection.
  func consumeOfConnection(_ count: Int) { nghttp2_session_consume_connection(session, count) }

  /// Ends a stream.
  func reset(_ stream: Int32, _ code: Code) {
    if code == .refusedStream { resets.expectFrame() }
    nghttp2_submit_rst_stream(session, Self.noFlags, stream, code.rawValue)
  }
}

// MARK: - The end
extension HTTP2Session {
  /// Tells the client to begin nothing more; what it has begun by the time that it knows is still answered.
  func announceEnd() { nghttp2_submit_shutdown_notice(session) }

  /// Tells the client which stream was the last; those are still answered.
  func refuseStreams() {
    order.endsBeginnings()
    let last = nghttp2_session_get_last_proc_stream_id(session)
    nghttp2_submit_goaway(session, Self.noFlags, last, Code.none.rawValue, nil, 0)
  }

  /// Ends the connection, and says why.
  func end(_ code: Code) {
    order.endsBeginnings()
    nghttp2_session_terminate_session(session, code.rawValue)
  }
}

// MARK: - What nghttp2 tells

extension HTTP2Session {
  private static func of(_ context: UnsafeMutableRawPointer?) -> HTTP2Session? {
    guard let context else { return nil }
    return Unmanaged<HTTP2Session>.fromOpaque(context).takeUnretainedValue()
  }

  private static func set(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, context in
      if let header { HTTP2Session.of(context)?.frameBegins(header.pointee) }
      return 0
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
      guard let me = HTTP2Session.of(context), let frame else { return 0 }
      // Trailers are checked and dropped.
      let isRequest = frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
      me.isWithinHead = true
      me.decodedBytes = 0
      me.isReadingRequest = isRequest
      if isRequest { me.fields.reset() }
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, _, name, nameCount, value, valueCount, _, context in
      guard let me = HTTP2Session.of(context) else { return 0 }
      me.decodedBytes += nameCount + valueCount + HTTP2Limits.bytesBesideField
      // A byte of HPACK may stand for a field of kilobytes. Who makes more of it than any head may have is not listened to
      // any further.
      guard me.decodedBytes <= me.limits.decodedHeadBytes else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      guard me.isReadingRequest else { return 0 }
      me.fields.add(
        name: UnsafeBufferPointer(start: name, count: nameCount).span,
        value: UnsafeBufferPointer(start: value, count: valueCount).span)
      return 0
    }
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
      // A field that may not be there makes a request malformed (RFC 9113 §8.1.1); the library would pass it over.
      NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
      if let frame { HTTP2Session.of(context)?.frameArrived(frame.pointee) }
      return 0
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, _, context in
      guard let me = HTTP2Session.of(context), let frame else { return 0 }
      me.resets.expectFrame()
      // It may be one that was refused before it was a stream.
      me.order.closed(frame.pointee.hd.stream_id)
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, context in
      guard let me = HTTP2Session.of(context), count > 0 else { return 0 }
      let start = me.received.count
      me.received.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
      me.events.append(.body(stream: stream, start..<start + count))
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
      if let frame { HTTP2Session.of(context)?.frameLeft(frame.pointee) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, context in
      // A head that is larger than any client takes.
      guard let frame, frame.pointee.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
      HTTP2Session.of(context)?.reset(frame.pointee.hd.stream_id, .internalError)
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, context in
      guard let me = HTTP2Session.of(context) else { return 0 }
      if let output = me.outputs.removeValue(forKey: stream) { me.waitingBytes -= output.waiting }
      me.order.closed(stream)
      me.events.append(.closed(stream: stream))
      return 0
    }
  }

  private func frameBegins(_ header: nghttp2_frame_hd) {
    guard header.type != UInt8(NGHTTP2_CONTINUATION.rawValue) else { return }
    // Whatever became of the head before: between its frames no other comes.
    isReadingRequest = false
    isWithinHead = false
  }

  private func frameArrived(_ frame: nghttp2_frame) {
    let stream = frame.hd.stream_id
    switch UInt32(frame.hd.type) {
    case NGHTTP2_HEADERS.rawValue:
      isWithinHead = false
      if isReadingRequest {
        isReadingRequest = false
        makeHead(of: stream, endsStream: frame.hd.endsStream)
      }
      if frame.hd.endsStream { events.append(.bodyEnded(stream: stream)) }
    case NGHTTP2_DATA.rawValue:
      if frame.hd.endsStream { events.append(.bodyEnded(stream: stream)) }
    case NGHTTP2_RST_STREAM.rawValue: resets.frameArrived()
    default: break
    }
  }

  private func makeHead(of stream: Int32, endsStream: Bool) {
    if madeHeads == heads.count { heads.append(RequestHead()) }
    do throws(HTTPError) {
      try fields.make(&heads[madeHeads], endsStream: endsStream)
      madeHeads += 1
      events.append(.request(stream: stream))
    } catch { events.append(.refused(stream: stream, error)) }
  }

  private func frameLeft(_ frame: nghttp2_frame) {
    if frame.hd.type == UInt8(NGHTTP2_RST_STREAM.rawValue) {
      // A client can have its streams reset by the server, with frames that are wrong, and ask for more meanwhile (as in
      // CVE-2025-8671); the library tells of some of these frames only by what it sends.
      if Code(rawValue: frame.rst_stream.error_code)?.isFaultOfClient ?? true { resets.frameLeft() }
      return
    }
    if frame.hd.type == UInt8(NGHTTP2_GOAWAY.rawValue) {
      if frame.goaway.error_code == Code.enhanceYourCalm.rawValue { events.append(.calmed) }
      return
    }
    let isAnswer =
      frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) || frame.hd.type == UInt8(NGHTTP2_DATA.rawValue)
    if isAnswer && frame.hd.endsStream { events.append(.answered(stream: frame.hd.stream_id)) }
  }
}

extension nghttp2_frame_hd {
  fileprivate var endsStream: Bool { flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 }
}
