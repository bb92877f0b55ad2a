import CassandraBytes
import CassandraWire

/// Functions of moments, days and UUIDs with a time.
enum TimeFunctions {
  static let all: [ScalarFunction] =
    ["now", "current_timeuuid", "currenttimeuuid"].map { name in
      ScalarFunction(name, [], .timeuuid) { _, context in bytes(context.uuids.next()) }
    }
    + ["current_timestamp", "currenttimestamp"].map { name in
      ScalarFunction(name, [], .timestamp) { _, context in bytes(context.now / 1_000) }
    }
    + ["current_date", "currentdate"].map { name in
      ScalarFunction(name, [], .date) { _, context in day(milliseconds: context.now / 1_000)[...] }
    }
    + ["current_time", "currenttime"].map { name in
      ScalarFunction(name, [], .time) { _, context in
        bytes((context.now * 1_000) % CQLTime.nanosecondsPerDay)
      }
    }
    + ["min_timeuuid", "mintimeuuid"].map { name in
      ScalarFunction(name, .timestamp, .timeuuid, ofOne: { bound($0, ticks: 0, low: 0x8080_8080_8080_8080) })
    }
    + ["max_timeuuid", "maxtimeuuid"].map { name in
      ScalarFunction(name, .timestamp, .timeuuid, ofOne: { bound($0, ticks: 9_999, low: 0x7f7f_7f7f_7f7f_7f7f) })
    }
    + conversions(["to_date", "todate"], to: .date) { day(milliseconds: $0) }
    + conversions(["to_timestamp", "totimestamp"], to: .timestamp) { Array(bytes($0)) }
    + conversions(["to_unix_timestamp", "tounixtimestamp"], to: .bigint) { Array(bytes($0)) }

  /// The functions that keep the order of their values.
  static let keepOrder = Set(
    ["floor", "to_date", "todate", "to_timestamp", "totimestamp", "to_unix_timestamp", "tounixtimestamp"]
      .map { ByteText($0) })

  /// A function for each of the types that have a moment.
  private static func conversions(
    _ names: [String], to type: CQLType, _ make: @escaping @Sendable (Int64) -> [UInt8]
  ) -> [ScalarFunction] {
    names.flatMap { name in
      [CQLType.timeuuid, .timestamp, .date].filter { $0 != type }.map { source in
        ScalarFunction(
          name, source, type,
          ofOne: { value throws(EngineFailure) in
            if source == .date { try refuseEmptyDate(value) }
            return milliseconds(value, source).map(make)
          })
      }
    }
  }

  /// Fails as Cassandra does at a date of no bytes. No date has none, but an `int`, which may stand for one, can.
  static func refuseEmptyDate(_ value: ArraySlice<UInt8>) throws(EngineFailure) {
    guard value.isEmpty else { return }
    throw EngineFailure(.serverError, "java.lang.IndexOutOfBoundsException")
  }

  /// The moment of a value in milliseconds since 1970.
  static func milliseconds(_ value: ArraySlice<UInt8>, _ type: CQLType) -> Int64? {
    let span = value.span
    switch type {
    case .timeuuid where span.count == 16:
      // As Cassandra reads it: without the lowest bit of the version alone, with a sign, and cut off towards 1970.
      let high = span.uint64(at: 0)
      let ticks = Int64(bitPattern: (high & 0xefff) << 48 | (high & 0xffff_0000) << 16 | high >> 32)
      return (ticks / 10 - Int64(CQLUUID.ticksAtUnixEpoch / 10)) / 1_000
    case .timestamp where span.count == 8: return span.int64(at: 0)
    case .date where span.count == 4: return (Int64(span.uint32(at: 0)) - 0x8000_0000) * 86_400_000
    default: return nil
    }
  }

  /// The day of a moment as Cassandra has it: of one before 1970 the day after it, unless it is within the first second of
  /// its day. Java's `Duration` has whole seconds, the next lower ones, and its days are cut off towards zero.
  static func day(milliseconds: Int64) -> [UInt8] {
    let seconds = milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
    let days = seconds / 86_400
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt32(truncatingIfNeeded: days + 0x8000_0000))
    return bytes
  }

  private static func bytes(_ number: Int64) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: number)
    return bytes[...]
  }

  private static func bytes(_ uuid: CQLUUID) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    bytes.append(uuid: uuid)
    return bytes[...]
  }

  /// The first or last UUID of a millisecond.
  private static func bound(_ value: ArraySlice<UInt8>, ticks: UInt64, low: UInt64) -> [UInt8]? {
    let span = value.span
    guard span.count == 8 else { return nil }
    let total = UInt64(bitPattern: span.int64(at: 0) &* 10_000) &+ CQLUUID.ticksAtUnixEpoch &+ ticks
    // As Cassandra makes it: the highest bits of a time that is far away stand where the version does.
    let high = total << 32 | (total >> 16 & 0xffff_0000) | 0x1000 | total >> 48
    return Array(bytes(CQLUUID(high: high, low: low)))
  }
}
