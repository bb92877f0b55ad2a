internal import CassandraBytes

/// Foundation's `Date`, which this module has never heard of when it is built.
///
/// Its own coding is a number of seconds since 2001, which nobody who reads the JSON can know. So it is found by its name
/// in the running program and written as RFC 3339 has it, to the millisecond: as a timestamp of the database.
enum FoundationDate {
  /// The type; nil in a program that has no Foundation.
  private static let type: (any Any.Type)? =
    _typeByName("10Foundation4DateV") ?? _typeByName("20FoundationEssentials4DateV")
  /// Seconds from 1970 to 2001.
  private static let epoch: Double = 978_307_200

  @inline(__always)
  static func isType(_ candidate: any Any.Type) -> Bool { candidate == type }

  /// Puts the text in the place of the seconds since 2001 that were written at `start`; leaves them when they are too many.
  static func rewrite(_ buffer: inout [UInt8], from start: Int) {
    guard let seconds = Double(String(decoding: buffer[start...], as: UTF8.self)),
      let milliseconds = Int64(exactly: ((seconds + epoch) * 1000).rounded())
    else { return }
    buffer.removeSubrange(start...)
    buffer.append(UInt8(ascii: "\""))
    CivilMoment(milliseconds: milliseconds).write(into: &buffer)
    buffer.append(UInt8(ascii: "\""))
  }

  /// The seconds since 2001 of a text of RFC 3339; nil for any other text.
  static func seconds(_ text: String) -> JSONNumber? {
    guard let moment = CivilMoment(rfc3339: text) else { return nil }
    return JSONNumber(Double(moment.milliseconds) / 1000 - epoch)
  }
}
