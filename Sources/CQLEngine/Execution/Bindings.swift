import CassandraBytes
import CassandraWire

/// The values that came with a request for its markers.
struct Bindings: Sendable {
  /// Bytes of the values of a request, counted as often as a marker's name stands in the statement: 64 MiB. What comes with
  /// a request has 16 MiB; a value that is sent once and named many times is looked at each time.
  static let maximumNamedBytes = 64 << 20

  private let values: [BoundValue]

  /// No values.
  static let none = Bindings(values: [])

  private init(values: [BoundValue]) { self.values = values }

  /// These values and more behind them.
  func appending(_ more: [CellValue]) -> Bindings {
    Bindings(
      values: values
        + more.map { value in
          switch value {
          case .null: .null
          case .unset: .unset
          case .bytes(let bytes): .bytes(Array(bytes))
          }
        })
  }

  /// The values for markers with these specifications; throws when there are not as many.
  ///
  /// Named values are found by the names of markers or of what these are bound to.
  init(_ bound: BoundValues, for markers: [ColumnSpecification], isPrepared: Bool) throws(EngineFailure) {
    switch bound {
    case .positional(let values):
      guard values.count == markers.count else {
        throw EngineFailure.invalid(
          isPrepared
            ? "there were \(markers.count) markers(?) in CQL but \(values.count) bound variables"
            : "Invalid amount of bind variables")
      }
      self.values = values
    case .named(let named):
      var byName: NameMap<BoundValue> = [:]
      for (name, value) in named { byName[name] = value }
      var values: [BoundValue] = []
      var bytes = 0
      for marker in markers {
        guard let value = byName[marker.name] else {
          throw EngineFailure.invalid("Invalid amount of bind variables")
        }
        if case .bytes(let own) = value { bytes += own.count }
        guard bytes <= Self.maximumNamedBytes else {
          throw EngineFailure.invalid(
            "The values have more than \(Self.maximumNamedBytes) bytes, counted as often as the statement names them")
        }
        values.append(value)
      }
      self.values = values
    }
  }

  /// What came for a marker, before it is known whether it is a value of any type.
  func given(_ index: Int) -> BoundValue { values[index] }

  /// Of a user type that is wrong Cassandra says so as of a fault of its own, but where it stands in another value.
  private static func check(_ bytes: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) {
    guard case .udt = type else { return try ValueCheck.validate(bytes.span, type) }
    do throws(EngineFailure) {
      try ValueCheck.validate(bytes.span, type)
    } catch {
      throw EngineFailure(
        .serverError, "org.apache.cassandra.serializers.MarshalException: \(error.response.message)")
    }
  }

  /// The value of a marker; throws unless it is one of the type.
  @inline(__always)
  func value(_ index: Int, _ type: CQLType) throws(EngineFailure) -> CellValue {
    switch values[index] {
    case .null: return .null
    case .unset: return .unset
    case .bytes(let bytes):
      try Self.check(bytes, type)
      return type.isCollection ? .bytes(try CanonicalValue.value(bytes[...], type)) : .bytes(bytes)
    }
  }
}
