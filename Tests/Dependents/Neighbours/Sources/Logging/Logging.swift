/// The part of swift-log's API that an adapter uses.
public struct Logger: Sendable {
  public enum Level: String, Sendable { case trace, debug, info, notice, warning, error, critical }
  public enum MetadataValue: Sendable, CustomStringConvertible {
    case string(String)
    case stringConvertible(any CustomStringConvertible & Sendable)

    public var description: String {
      switch self {
      case .string(let text): text
      case .stringConvertible(let value): value.description
      }
    }
  }
  public typealias Metadata = [String: MetadataValue]

  public struct Message: ExpressibleByStringInterpolation, Sendable {
    let text: String
    public init(stringLiteral value: String) { text = value }
  }

  public let label: String
  public init(label: String) { self.label = label }

  public func log(
    level: Level, _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
    source: @autoclosure () -> String? = nil, file: String = #fileID, function: String = #function, line: UInt = #line
  ) { print(label, level.rawValue, message().text, metadata() ?? [:]) }
}
