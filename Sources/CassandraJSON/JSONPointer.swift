/// A place inside a JSON value, as RFC 6901 writes it: `/taxonomy/1`.
///
/// An error of the coders carries one, and so can a problem that a service reports about a request's body.
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
  /// The pointer's text: empty for the whole value, otherwise a `/` and a token for each level.
  public private(set) var description: String

  /// The pointer to the whole value.
  public init() { description = "" }

  /// Whether it points to the whole value.
  public var isRoot: Bool { description.isEmpty }

  /// The pointer to the member `name` of the object that this one points to.
  ///
  /// In the text `~` becomes `~0` and `/` becomes `~1` (RFC 6901, section 3).
  public func appending(_ name: String) -> JSONPointer {
    var longer = self
    longer.append(token: name)
    return longer
  }

  /// The pointer to the element at `index`, counted from 0, of the array that this one points to.
  public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

  private mutating func append(token: String) {
    description += "/"
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": description += "~0"
      case "/": description += "~1"
      default: description.unicodeScalars.append(scalar)
      }
    }
  }
}

extension JSONPointer {
  /// The place that a coder's path describes.
  init(_ path: [any CodingKey]) {
    self.init()
    for key in path { append(token: key.stringValue) }
  }
}
