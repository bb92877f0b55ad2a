public import CassandraBytes

/// A value that writes itself as JSON, without Codable's containers in between.
///
/// Make a type that is answered often conform to it: writing members by hand costs about a tenth of encoding them.
///
/// ```swift
/// extension Plant: JSONWritable {
///   func writeJSON(to buffer: inout [UInt8]) {
///     buffer.appendJSONObject {
///       $0.member("genus", genus)
///       $0.member("sightings", sightings)
///     }
///   }
/// }
/// ```
public protocol JSONWritable {
  /// Appends exactly one JSON value to `buffer`.
  func writeJSON(to buffer: inout [UInt8])
}

extension Array where Element == UInt8 {
  /// Appends `value` as JSON.
  ///
  /// Integers of any width go out with all their digits; floating-point numbers as described at
  /// `Double.writeJSON(to:)`; nil as `null`.
  @inlinable
  public mutating func append(json value: some JSONWritable) { value.writeJSON(to: &self) }

  /// Appends `null`.
  @inlinable
  public mutating func appendJSONNull() { append("null") }
}

extension JSONWritable where Self: FixedWidthInteger {
  /// Appends the number in decimal digits.
  @inlinable
  public func writeJSON(to buffer: inout [UInt8]) {
    if let value = Int(exactly: self) {
      buffer.append(decimal: value)
    } else {
      buffer.append(utf8: description)
    }
  }
}

extension Int: JSONWritable {}
extension Int8: JSONWritable {}
extension Int16: JSONWritable {}
extension Int32: JSONWritable {}
extension Int64: JSONWritable {}
extension UInt: JSONWritable {}
extension UInt8: JSONWritable {}
extension UInt16: JSONWritable {}
extension UInt32: JSONWritable {}
extension UInt64: JSONWritable {}
extension Int128: JSONWritable {}
extension UInt128: JSONWritable {}

extension Double: JSONWritable {
  /// Appends the shortest text that reads back as this number, such as `0.1`, `3.0` or `1e-05`.
  ///
  /// JSON has no NaN and no infinities: they are written as `null`, which is what Cassandra's `SELECT JSON` and
  /// JavaScript do. `append(jsonEncoding:)` refuses them instead.
  public func writeJSON(to buffer: inout [UInt8]) {
    if isFinite { buffer.append(utf8: description) } else { buffer.appendJSONNull() }
  }
}

extension Float: JSONWritable {
  /// Appends the shortest text that reads back as this number with 32 bits, and `null` for a NaN or an infinity.
  public func writeJSON(to buffer: inout [UInt8]) {
    if isFinite { buffer.append(utf8: description) } else { buffer.appendJSONNull() }
  }
}

extension Bool: JSONWritable {
  /// Appends `true` or `false`.
  @inlinable
  public func writeJSON(to buffer: inout [UInt8]) {
    if self { buffer.append("true") } else { buffer.append("false") }
  }
}

extension String: JSONWritable {
  /// Appends the text in quotes, escaped as described at `append(jsonString:)`.
  @inlinable
  public func writeJSON(to buffer: inout [UInt8]) { buffer.append(jsonString: self) }
}

extension Substring: JSONWritable {
  /// Appends the text in quotes, escaped as described at `append(jsonString:)`.
  public func writeJSON(to buffer: inout [UInt8]) { buffer.append(jsonString: String(self)) }
}

extension Optional: JSONWritable where Wrapped: JSONWritable {
  /// Appends the value, or `null`.
  @inlinable
  public func writeJSON(to buffer: inout [UInt8]) {
    if let self { self.writeJSON(to: &buffer) } else { buffer.appendJSONNull() }
  }
}

extension Array: JSONWritable where Element: JSONWritable {
  /// Appends the elements as a JSON array.
  @inlinable
  public func writeJSON(to buffer: inout [UInt8]) {
    buffer.appendJSONArray { array in
      for element in self { array.element(element) }
    }
  }
}
