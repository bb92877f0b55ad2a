import CassandraBytes
import CassandraWire

/// `floor`: the beginning of the interval that a moment, a day or a time of day lies in, where intervals of one duration
/// follow each other from a start on.
enum FloorFunctions {
  static let all: [ScalarFunction] =
    moments(of: .timestamp) + moments(of: .timeuuid) + [
      function([.date, .duration], .date) { values throws(EngineFailure) in try day(values[0], values[1], start: nil) },
      function([.date, .duration, .date], .date) { values throws(EngineFailure) in
        try day(values[0], values[1], start: values[2])
      },
      function([.time, .duration], .time) { values throws(EngineFailure) in try time(values[0], values[1]) },
    ]

  private static func moments(of source: CQLType) -> [ScalarFunction] {
    [
      function([source, .duration], .timestamp) { values throws(EngineFailure) in
        try moment(values[0], source, values[1], start: nil)
      },
      function([source, .duration, .timestamp], .timestamp) { values throws(EngineFailure) in
        try moment(values[0], source, values[1], start: values[2])
      },
    ]
  }

  private static let millisecondsPerDay: Int64 = 86_400_000
  private static let nanosecondsPerMillisecond: Int64 = 1_000_000

  /// A function that is null when one of its arguments is.
  private static func function(
    _ arguments: [CQLType], _ result: CQLType,
    _ body: @escaping @Sendable ([ArraySlice<UInt8>]) throws(EngineFailure) -> [UInt8]?
  ) -> ScalarFunction {
    ScalarFunction("floor", arguments, result) { values, _ throws(EngineFailure) in
      let given = values.compactMap { $0 }.filter { !$0.isEmpty }
      guard given.count == arguments.count else { return nil }
      return try body(given)?[...]
    }
  }

  private static func moment(
    _ value: ArraySlice<UInt8>, _ type: CQLType, _ duration: ArraySlice<UInt8>, start: ArraySlice<UInt8>?
  ) throws(EngineFailure) -> [UInt8]? {
    guard let time = TimeFunctions.milliseconds(value, type), let duration = TemporalArithmetic.decoded(duration) else {
      return nil
    }
    guard duration.nanoseconds % nanosecondsPerMillisecond == 0 else {
      throw EngineFailure.invalid(
        "The floor cannot be computed for the \(duration) duration as precision is below 1 millisecond")
    }
    let from = start.flatMap { TimeFunctions.milliseconds($0, .timestamp) } ?? 0
    var bytes: [UInt8] = []
    bytes.append(bigEndian: try floor(time, duration, from))
    return bytes
  }

  private static func day(
    _ value: ArraySlice<UInt8>, _ duration: ArraySlice<UInt8>, start: ArraySlice<UInt8>?
  ) throws(EngineFailure) -> [UInt8]? {
    guard let time = TimeFunctions.milliseconds(value, .date), let duration = TemporalArithmetic.decoded(duration)
    else {
      return nil
    }
    guard duration.nanoseconds == 0 else {
      throw EngineFailure.invalid(
        "The floor on date values cannot be computed for the \(duration) duration as precision is below 1 day")
    }
    let from = start.flatMap { TimeFunctions.milliseconds($0, .date) } ?? 0
    return TimeFunctions.day(milliseconds: try floor(time, duration, from))
  }

  private static func time(_ value: ArraySlice<UInt8>, _ duration: ArraySlice<UInt8>) throws(EngineFailure) -> [UInt8]?
  {
    guard value.count == 8, let duration = TemporalArithmetic.decoded(duration) else { return nil }
    guard duration.months == 0, duration.days == 0, duration.nanoseconds <= CQLTime.nanosecondsPerDay else {
      throw EngineFailure.invalid("For time values, the floor can only be computed for durations smaller that a day")
    }
    guard duration.nanoseconds >= 0 else { throw negative }
    let time = value.span.int64(at: 0)
    var bytes: [UInt8] = []
    bytes.append(bigEndian: duration.nanoseconds == 0 ? time : time - time % duration.nanoseconds)
    return bytes
  }

  private static let negative = EngineFailure.invalid("Negative durations are not supported by the floor function")

  /// The last of the moments from `start` on, a duration apart, that is not after `time`.
  private static func floor(_ time: Int64, _ duration: CQLDuration, _ start: Int64) throws(EngineFailure) -> Int64 {
    guard start <= time else {
      throw EngineFailure.invalid("The floor function starting time is greater than the provided time")
    }
    guard duration.months >= 0, duration.days >= 0, duration.nanoseconds >= 0 else { throw negative }
    let rest =
      Int64(duration.days) * millisecondsPerDay + duration.nanoseconds / nanosecondsPerMillisecond
    let distance = time.subtractingReportingOverflow(start)
    guard !distance.overflow else { return time }
    guard duration.months > 0 else { return rest == 0 ? time : time - distance.partialValue % rest }
    return floorOfMonths(time, duration, rest, start)
  }

  /// Counts intervals of months as Cassandra does: as many as the months of both moments are apart, and fewer while what
  /// comes out is too late. Of months alone it may be later than `time`, and days that a month does not have are lost for
  /// all the months before it.
  private static func floorOfMonths(
    _ time: Int64, _ duration: CQLDuration, _ rest: Int64, _ start: Int64
  ) -> Int64 {
    let (from, to) = (CalendarMonths.date(start), CalendarMonths.date(time))
    let months = Int64(duration.months)
    var count = ((to.year - from.year) * 12 + to.month - from.month) / months
    var moment = CalendarMonths.moved(start, by: count * months)
    guard rest > 0 else { return moment }
    // Each interval is longer than its rest, so that so many are too many; the others are counted down one by one.
    let most = (time &- start) / rest
    if count > most + maximumSteps {
      count = most + maximumSteps
      moment = CalendarMonths.moved(start, by: count * months)
    }
    while count > 0, moment &+ rest &* count > time {
      count -= 1
      moment = CalendarMonths.moved(moment, by: -months)
    }
    return moment &+ rest &* count
  }

  /// Intervals that are counted down for nothing, at most: 10,000.
  private static let maximumSteps: Int64 = 10_000
}
