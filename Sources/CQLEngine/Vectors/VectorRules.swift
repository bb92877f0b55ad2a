import CassandraWire

/// What a vector has to be that is indexed, or whose neighbours are asked for: finite, within bounds, and with a direction
/// where the angle counts.
enum VectorRules {
  /// The largest element, above which the square of a sum could overflow.
  static let largestElement: Float = 1e17

  /// What is wrong with a vector, in Cassandra's words; nil when it can be compared.
  static func fault(_ elements: [Float], _ similarity: VectorSimilarity) -> EngineFailure? {
    for (index, element) in elements.enumerated() {
      guard element.isFinite else {
        return .invalid("non-finite value at vector[\(index)]=\(text(element))")
      }
      guard element.magnitude <= largestElement else {
        return .invalid("Out-of-bounds value at vector[\(index)]=\(text(element))")
      }
    }
    if similarity == .cosine, isZero(elements) {
      return .invalid("Zero vectors cannot be indexed or queried with cosine similarity")
    }
    return nil
  }

  private static func text(_ element: Float) -> String {
    if element.isNaN { return "NaN" }
    return element.isInfinite ? (element < 0 ? "-Infinity" : "Infinity") : "\(element)"
  }

  /// Whether a vector has no direction.
  static func isZero(_ elements: [Float]) -> Bool { elements.allSatisfy { $0 == 0 } }
}
