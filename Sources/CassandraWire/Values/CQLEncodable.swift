public import CassandraBytes

/// Whether there is a value to bind, and what there is instead.
public enum CQLPresence: Hashable, Sendable {
  /// A value.
  case value
  /// Null; a write removes what the column has.
  case null
  /// Nothing; a write leaves the column as it is. From protocol v4 on.
  case unset
}

/// A value that can be bound to a marker of a statement.
///
/// It is encoded for the type that the server gave the marker, and conversions that would change it are refused: an `Int`
/// goes into an `int` when it fits, never into `text`.
public protocol CQLEncodable: Sendable {
  /// Whether there is a value at all. Without an implementation there is.
  var presence: CQLPresence { get }

  /// Appends the bytes of the value for a marker of `type`, without their length. Only called when there is a value.
  ///
  /// When it throws, it may have appended some bytes; the caller cuts the buffer back.
  func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError)
}

extension CQLEncodable {
  /// There is a value.
  @inlinable
  public var presence: CQLPresence { .value }
}

/// A value about which a write says nothing, so that the column stays as it is.
public struct CQLUnset: CQLEncodable, Hashable {
  /// The one value.
  public init() {}

  /// It is unset.
  public var presence: CQLPresence { .unset }

  /// Appends nothing; an unset value has no bytes.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {}
}

extension Array where Element == UInt8 {
  /// Appends a [value]: the value's bytes behind their length, or the mark of null or unset.
  @inlinable
  public mutating func append<Value: CQLEncodable>(value: Value, as type: CQLType) throws(CQLValueError) {
    switch value.presence {
    case .value: try append(presentValue: value, as: type)
    case .null: append(bigEndian: Int32(-1))
    case .unset: append(bigEndian: Int32(-2))
    }
  }

  /// Appends an element of a collection, which cannot be null.
  @inlinable
  mutating func append<Value: CQLEncodable>(element value: Value, as type: CQLType) throws(CQLValueError) {
    guard case .value = value.presence else {
      throw CQLValueError.outOfRange(type, "An element of a collection can be neither null nor unset.")
    }
    try append(presentValue: value, as: type)
  }

  /// Appends a field of a tuple or a user-defined type, which can be null.
  @inlinable
  mutating func append<Value: CQLEncodable>(field value: Value, as type: CQLType) throws(CQLValueError) {
    switch value.presence {
    case .value: try append(presentValue: value, as: type)
    case .null: append(bigEndian: Int32(-1))
    case .unset: throw CQLValueError.outOfRange(type, "A part of a value cannot be unset.")
    }
  }

  @inlinable @inline(__always)
  mutating func append<Value: CQLEncodable>(presentValue value: Value, as type: CQLType) throws(CQLValueError) {
    let start = count
    append(bigEndian: Int32(0))
    try value.encode(as: type, into: &self)
    guard let length = Int32(exactly: count - start - 4) else { throw CQLValueError.tooLong(type) }
    store(bigEndian: length, at: start)
  }
}
