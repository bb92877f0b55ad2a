import CassandraBytes
import CassandraWire

/// How alike two vectors of `float` are: from 0, or from less with `dotProduct`, to more the more alike they are.
///
/// The numbers are Cassandra's to the last bit: they are added in its order, in single precision.
enum VectorSimilarity: String, Sendable, CaseIterable {
  /// By how far apart they are: 1 / (1 + d²).
  case euclidean
  /// By their product, which for vectors of length 1 is the cosine: (1 + a·b) / 2.
  case dotProduct = "dot_product"
  /// By the angle between them: (1 + cos) / 2. Where an index says nothing, it is this one.
  case cosine

  /// The one of that name in the options of an index, in letters of either case.
  init?(option: String) {
    guard let found = Self.allCases.first(where: { $0.option == option.uppercased() }) else { return nil }
    self = found
  }

  /// Its name in the options of an index.
  var option: String { rawValue.uppercased() }

  /// The score of two vectors with as many elements; no number where the cosine of a vector of zeros is asked for.
  func score(_ left: [Float], _ right: [Float]) -> Float {
    switch self {
    case .euclidean: 1 / (1 + Self.squareDistance(left, right))
    case .dotProduct: (1 + Self.product(left, right)) / 2
    case .cosine: (1 + Self.cosine(left, right)) / 2
    }
  }

  private static func product(_ left: [Float], _ right: [Float]) -> Float {
    var sum: Float = 0
    // What is left over of eight at a time comes first.
    let first = left.count % 8
    for index in 0..<first { sum += right[index] * left[index] }
    for start in stride(from: first, to: left.count, by: 8) {
      var part = right[start] * left[start]
      for index in start + 1..<start + 8 { part += right[index] * left[index] }
      sum += part
    }
    return sum
  }

  private static func squareDistance(_ left: [Float], _ right: [Float]) -> Float {
    var sum: Float = 0
    let whole = left.count - left.count % 8
    for start in stride(from: 0, to: whole, by: 8) {
      let first = left[start] - right[start]
      var part = first * first
      for index in start + 1..<start + 8 {
        let difference = left[index] - right[index]
        part += difference * difference
      }
      sum += part
    }
    for index in whole..<left.count {
      let difference = left[index] - right[index]
      sum += difference * difference
    }
    return sum
  }

  private static func cosine(_ left: [Float], _ right: [Float]) -> Float {
    var sum: Float = 0
    var leftSquares: Float = 0
    var rightSquares: Float = 0
    for index in left.indices {
      sum += left[index] * right[index]
      leftSquares += left[index] * left[index]
      rightSquares += right[index] * right[index]
    }
    return Float(Double(sum) / (Double(leftSquares) * Double(rightSquares)).squareRoot())
  }
}

/// The elements of vectors of `float`.
enum FloatVector {
  /// Bytes of an element.
  static let elementBytes = 4

  /// The dimensions of a type that is a vector of `float`; nil for all others.
  static func dimensions(_ type: CQLType) -> Int? {
    guard case .vector(.float, let dimensions) = type else { return nil }
    return dimensions
  }

  /// Reads the elements of a value into `elements`, in place of what was there.
  static func read(_ value: Span<UInt8>, into elements: inout [Float]) {
    elements.removeAll(keepingCapacity: true)
    for offset in stride(from: 0, to: value.count - elementBytes + 1, by: elementBytes) {
      elements.append(Float(bitPattern: value.uint32(at: offset)))
    }
  }

  /// The elements of a value.
  static func elements(_ value: Span<UInt8>) -> [Float] {
    var elements: [Float] = []
    elements.reserveCapacity(value.count / elementBytes)
    read(value, into: &elements)
    return elements
  }
}
