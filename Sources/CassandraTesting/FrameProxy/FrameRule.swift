public import CassandraWire

/// Which frames a rule is for; what is nil does not matter.
public struct FrameMatch: Sendable {
  /// The way that they go.
  public var direction: FrameDirection?
  /// The kind of message.
  public var opcode: Opcode?
  /// The stream id.
  public var stream: Int16?
  /// The connection, from 1 in the order in which the proxy has accepted them.
  public var connection: Int?
  /// A text that the body holds, such as a part of a statement. A compressed body of v4 that the proxy cannot open holds
  /// none.
  public var text: String?
  /// How many frames that match are let by before the rule begins: 0 by default.
  public var skipping: Int
  /// How many it is for then; all by default.
  public var times: Int
  /// How likely the rule takes each of these, from 0 to 1: 1 by default. The proxy's seed decides the order of chances.
  public var probability: Double

  /// A rule's condition.
  public init(
    _ direction: FrameDirection? = nil, _ opcode: Opcode? = nil, stream: Int16? = nil, connection: Int? = nil,
    text: String? = nil, skipping: Int = 0, times: Int = .max, probability: Double = 1
  ) {
    self.direction = direction
    self.opcode = opcode
    self.stream = stream
    self.connection = connection
    self.text = text
    self.skipping = skipping
    self.times = times
    self.probability = probability
  }

  func includes(_ frame: Frame, going direction: FrameDirection, connection: Int) -> Bool {
    guard self.direction ?? direction == direction, self.connection ?? connection == connection else { return false }
    guard opcode == nil || opcode == frame.opcode, stream ?? frame.header.stream == frame.header.stream else {
      return false
    }
    guard let text else { return true }
    return frame.body.holds(Array(text.utf8))
  }
}

/// What a ``FrameProxy`` does with a frame.
public enum FrameAction: Sendable {
  /// Hands it on, as without a rule; for a rule that only counts, or that shields frames from an earlier one.
  case pass
  /// Does not hand it on.
  case drop
  /// Hands it on after this time; frames behind it overtake it.
  case delay(Duration)
  /// Hands it on once the gate is open; frames behind it overtake it.
  case hold(Gate)
  /// Sends this message to the driver in the node's name, on the frame's stream: in place of the answer, or without
  /// handing the request on.
  case forge(ResponseMessage)
  /// Sends these bytes as the body of an answer of this kind, which need not be a message that can be read.
  case forgeBytes(Opcode, [UInt8])
  /// Ends both connections in order; the frame is not handed on.
  case close
  /// Cuts both connections, as a process that is killed or a network that fails.
  case cut
  /// Hands on the first so many bytes of the frame as it is on the wire, and ends both connections.
  case truncate(Int)
}

/// A rule that was added to a ``FrameProxy``, to ask for its matches or to remove it.
public struct FrameRule: Sendable, Hashable {
  let number: Int
}

extension [UInt8] {
  /// Whether `part` stands somewhere in here.
  fileprivate func holds(_ part: [UInt8]) -> Bool {
    guard let first = part.first else { return true }
    guard count >= part.count else { return false }
    for start in 0...count - part.count where self[start] == first {
      if self[start..<start + part.count].elementsEqual(part) { return true }
    }
    return false
  }
}
