public import CassandraBytes

/// Reading the parts of a value: the elements of collections and vectors, the fields of tuples and user-defined types
/// (section 6 of v4, 5 of v5).
///
/// They are public for decoders of other shapes, such as one for `Decodable`. As in the notations, a position begins at 0,
/// and no count is believed before the bytes for it are there.
extension Span where Element == UInt8 {
  /// Reads how many elements a list or a set has, or with two parts to an element how many entries a map has.
  ///
  /// A value of no bytes has none.
  @inlinable
  public func readElementCount(
    _ position: inout Int, partsPerElement: Int = 1, of type: CQLType
  ) throws(CQLValueError) -> Int {
    guard count > 0 else { return 0 }
    guard count &- position >= 4 else { throw CQLValueError.truncated(type) }
    let number = Int(int32(at: position))
    position &+= 4
    guard number >= 0 else { throw CQLValueError.malformed(type, "The number of elements is negative.") }
    // Each part has at least its length.
    guard number <= (count &- position) / (4 * partsPerElement) else { throw CQLValueError.truncated(type) }
    return number
  }

  /// Reads an element of a collection, or a field: where it lies, or nil when it is null.
  @inlinable @inline(__always)
  public func readPart(_ position: inout Int, of type: CQLType) throws(CQLValueError) -> Range<Int>? {
    guard count &- position >= 4 else { throw CQLValueError.truncated(type) }
    let length = Int(int32(at: position))
    position &+= 4
    guard length >= 0 else { return nil }
    guard length <= count &- position else { throw CQLValueError.truncated(type) }
    let start = position
    position &+= length
    return start..<position
  }

  /// Reads a field of a tuple or a user-defined type, which is null too when the value ends before it.
  @inlinable @inline(__always)
  public func readField(_ position: inout Int, of type: CQLType) throws(CQLValueError) -> Range<Int>? {
    guard position < count else { return nil }
    return try readPart(&position, of: type)
  }

  /// Reads an element of a vector: of `size` bytes, or with its length before it when there is no size.
  @inlinable @inline(__always)
  public func readVectorElement(
    _ position: inout Int, size: Int?, of type: CQLType
  ) throws(CQLValueError) -> Range<Int> {
    let length = if let size { size } else { try readVectorLength(&position, of: type) }
    guard length <= count &- position else { throw CQLValueError.truncated(type) }
    let start = position
    position &+= length
    return start..<position
  }

  @usableFromInline
  func readVectorLength(_ position: inout Int, of type: CQLType) throws(CQLValueError) -> Int {
    guard let wide = try? readUnsignedVInt(&position), let length = Int32(exactly: wide) else {
      throw CQLValueError.truncated(type)
    }
    return Int(length)
  }

  /// Throws unless `dimensions` elements of `size` bytes, or of at least their lengths, can be there.
  @usableFromInline
  package func requireVector(_ dimensions: Int, size: Int?, of type: CQLType) throws(CQLValueError) {
    guard count > 0 else { throw CQLValueError.wrongSize(0, type) }
    guard dimensions > 0 else { throw CQLValueError.malformed(type, "A vector has at least one dimension.") }
    guard let size else {
      guard dimensions <= count else { throw CQLValueError.truncated(type) }
      return
    }
    let (total, overflow) = dimensions.multipliedReportingOverflow(by: size)
    guard !overflow, total == count else { throw CQLValueError.wrongSize(count, type) }
  }

  /// Throws unless a value ends at `position`.
  @inlinable @inline(__always)
  public func requireEnd(_ position: Int, of type: CQLType) throws(CQLValueError) {
    guard position >= count else { throw CQLValueError.malformed(type, "Bytes follow the end of the value.") }
  }
}
