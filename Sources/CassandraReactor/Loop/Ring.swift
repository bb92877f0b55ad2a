/// Elements in the order in which they came: a ring that doubles when it is full, and gives its memory back when it is
/// empty and was large.
///
/// Public, though only this package uses it: what is package is not specialized across modules, which cost the node a fifth
/// of the time of a read.
public struct Ring<Element> {
  @usableFromInline let smallest: Int
  @usableFromInline var elements: [Element?]
  @usableFromInline var head = 0
  @usableFromInline var length = 0

  /// An empty ring with room for `smallest` elements, a power of two.
  @inlinable
  public init(room smallest: Int) {
    precondition(smallest > 0 && smallest & (smallest - 1) == 0, "the room of a ring is a power of two")
    self.smallest = smallest
    elements = Array(repeating: nil, count: smallest)
  }

  /// How many elements there are.
  @inlinable
  public var count: Int { length }

  /// Whether there is no element.
  @inlinable
  public var isEmpty: Bool { length == 0 }

  /// Adds an element behind the others.
  @inlinable @inline(__always)
  public mutating func append(_ element: Element) {
    if length == elements.count { grow() }
    elements[(head &+ length) & (elements.count &- 1)] = element
    length &+= 1
  }

  /// Takes the element that came first; nil when there is none.
  @inlinable @inline(__always)
  public mutating func popFirst() -> Element? {
    guard length > 0 else { return nil }
    let element = elements[head].take()
    head = (head &+ 1) & (elements.count &- 1)
    length &-= 1
    if length == 0 && elements.count > smallest * 16 { self = Ring(room: smallest) }
    return element
  }

  @usableFromInline
  mutating func grow() {
    var larger: [Element?] = []
    larger.reserveCapacity(elements.count * 2)
    for offset in 0..<length { larger.append(elements[(head + offset) & (elements.count - 1)]) }
    larger.append(contentsOf: repeatElement(nil, count: elements.count * 2 - length))
    elements = larger
    head = 0
  }
}
