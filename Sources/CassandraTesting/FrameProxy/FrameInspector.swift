internal import CassandraWire

/// Looks into the frames of one connection behind a proxy's rules, and may say others in their place; the part of the
/// Astra emulator that is about the protocol. It decides, and does nothing itself.
protocol FrameInspector {
  /// What is to be sent for a request that the driver has sent.
  mutating func requests(_ frame: Frame) -> [FrameStep]
  /// What is to be sent for an answer or an event of the node.
  mutating func answers(_ frame: Frame) -> [FrameStep]
  /// What is to be sent when something has happened in the cluster that the node does not know of.
  mutating func announce(_ event: Event) -> [FrameStep]
}

/// What an inspector wants sent.
enum FrameStep: Equatable {
  case toNode(Frame)
  case toDriver(Frame)
}
