import CassandraBytes
import CassandraWire

/// A vector whose neighbours are wanted.
///
/// Of each row an estimate is made first, eight elements at a time. It adds in another order than the score and so may
/// differ from it in its last digits; by how much at most it says too. Only what might be among the nearest gets its score.
struct QueryVector: Sendable {
  /// What a row's score is about.
  struct Estimate {
    /// The score, or nearly so; no number where the row's vector cannot be compared.
    var score: Float
    /// How much larger the score may be.
    var slack: Float
  }

  let similarity: VectorSimilarity
  private let elements: [Float]
  /// The elements by eights; the last of them is filled up with zeros.
  private let lanes: [SIMD8<Float>]
  private let length: Float

  init(_ elements: [Float], _ similarity: VectorSimilarity) {
    self.similarity = similarity
    self.elements = elements
    var lanes: [SIMD8<Float>] = []
    for start in stride(from: 0, to: elements.count, by: 8) {
      var lane = SIMD8<Float>.zero
      for index in start..<min(start + 8, elements.count) { lane[index - start] = elements[index] }
      lanes.append(lane)
    }
    self.lanes = lanes
    length = elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Bytes of a vector that can be compared with it.
  var byteCount: Int { elements.count * FloatVector.elementBytes }

  /// The relative error of a sum of so many products, with room to spare.
  private var relativeError: Float { Float(elements.count + 8) * 2.4e-7 }

  /// About the score of a vector, which has ``byteCount`` bytes.
  @inline(__always)
  func estimate(_ value: Span<UInt8>) -> Estimate {
    var product = SIMD8<Float>.zero
    var squares = SIMD8<Float>.zero
    switch similarity {
    case .euclidean:
      for index in lanes.indices {
        let difference = lane(index, of: value) - lanes[index]
        squares += difference * difference
      }
      let score = 1 / (1 + squares.sum())
      return Estimate(score: score, slack: score * relativeError)
    case .dotProduct, .cosine:
      for index in lanes.indices {
        let other = lane(index, of: value)
        product += other * lanes[index]
        squares += other * other
      }
    }
    let otherLength = squares.sum().squareRoot()
    if similarity == .dotProduct {
      return Estimate(score: (1 + product.sum()) / 2, slack: length * otherLength * relativeError + relativeError)
    }
    return Estimate(score: (1 + product.sum() / (length * otherLength)) / 2, slack: relativeError)
  }

  /// The score of a vector; nil when it cannot be compared. `scratch` is memory to use.
  func score(_ value: Span<UInt8>, _ scratch: inout [Float]) -> Float? {
    FloatVector.read(value, into: &scratch)
    guard VectorRules.fault(scratch, similarity) == nil else { return nil }
    return similarity.score(elements, scratch)
  }

  @inline(__always)
  private func lane(_ index: Int, of value: Span<UInt8>) -> SIMD8<Float> {
    let start = index * 8
    if start + 8 <= elements.count {
      let words = unsafe value.bytes.unsafeLoadUnaligned(
        fromByteOffset: start * FloatVector.elementBytes, as: SIMD8<UInt32>.self)
      return unsafe unsafeBitCast(words.fromNetwork, to: SIMD8<Float>.self)
    }
    var lane = SIMD8<Float>.zero
    for offset in start..<elements.count {
      lane[offset - start] = Float(bitPattern: value.uint32(at: offset * FloatVector.elementBytes))
    }
    return lane
  }
}

extension SIMD8<UInt32> {
  /// The numbers whose bytes came most significant first.
  @inline(__always)
  fileprivate var fromNetwork: SIMD8<UInt32> {
    #if _endian(little)
      let outer = self &<< 24 | self &>> 24
      let inner = (self &<< 8) & SIMD8(repeating: 0x00ff_0000) | (self &>> 8) & SIMD8(repeating: 0x0000_ff00)
      return outer | inner
    #else
      return self
    #endif
  }
}
