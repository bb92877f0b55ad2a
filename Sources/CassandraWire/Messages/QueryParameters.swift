import CassandraBytes

/// A value bound to a marker of a statement, as it goes over the wire.
public enum BoundValue: Hashable, Sendable {
  /// No value; a write removes what the column has.
  case null
  /// Nothing is said about it; a write leaves the column as it is. From v4 on.
  case unset
  /// The value's bytes. In a decoded request they are a slice of its body: nothing is copied, and as long as the slice is
  /// kept, the body is.
  case bytes(ArraySlice<UInt8>)

  /// A value from bytes of its own.
  @inlinable
  public static func bytes(_ bytes: [UInt8]) -> BoundValue { .bytes(bytes[...]) }
}

/// The values of one statement, in the order of its markers or by their names.
public enum BoundValues: Hashable, Sendable {
  /// In the order of the markers.
  case positional([BoundValue])
  /// By name; only with statements sent as text.
  case named([(name: String, value: BoundValue)])

  /// How many values there are.
  public var count: Int {
    switch self {
    case .positional(let values): values.count
    case .named(let values): values.count
    }
  }

  /// Whether two lists of values have the same values in the same order, and the same names.
  public static func == (left: BoundValues, right: BoundValues) -> Bool {
    switch (left, right) {
    case (.positional(let left), .positional(let right)): left == right
    case (.named(let left), .named(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    case (.positional, .named), (.named, .positional): false
    }
  }

  /// Feeds what `==` compares to the hasher.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .positional(let values): hasher.combine(values)
    case .named(let values):
      for (name, value) in values {
        hasher.combine(name)
        hasher.combine(value)
      }
    }
  }
}

/// What QUERY, EXECUTE and BATCH say beside their statement (sections 4.1.4, 4.1.6 and 4.1.7).
///
/// The values stand in the middle of the fields. A caller that has no ``BoundValues`` and wants none writes
/// ``encodeHead(into:version:valueCount:areNamed:)``, then its values, then ``encodeTail(into:version:)``.
public struct QueryParameters: Hashable, Sendable {
  /// How many replicas have to answer.
  public var consistency: Consistency
  /// The values of the markers.
  ///
  /// A BATCH has its values with each statement instead.
  public var values: BoundValues
  /// Whether the server leaves the metadata out of the result, because the client has it from the preparation.
  public var skipsMetadata: Bool
  /// How many rows a page may have at most; all rows come in one page when it is nil.
  public var pageSize: Int32?
  /// Where to go on, as the page before said.
  public var pageState: [UInt8]?
  /// The consistency of the serial phase of a conditional statement; SERIAL when it is nil.
  public var serialConsistency: Consistency?
  /// The time of the write in microseconds since the Unix epoch; the server takes its own when it is nil.
  ///
  /// It is never `Int64.min`, which Cassandra refuses.
  public var defaultTimestamp: Int64?
  /// The keyspace of unqualified names, in place of the connection's (v5).
  public var keyspace: String?
  /// What the server takes for now, in seconds since the Unix epoch, when it decides what has expired (v5).
  public var nowInSeconds: Int32?

  /// Parameters with a consistency; all others may be left out.
  public init(
    consistency: Consistency, values: BoundValues = .positional([]), skipsMetadata: Bool = false,
    pageSize: Int32? = nil,
    pageState: [UInt8]? = nil, serialConsistency: Consistency? = nil, defaultTimestamp: Int64? = nil,
    keyspace: String? = nil, nowInSeconds: Int32? = nil
  ) {
    self.consistency = consistency
    self.values = values
    self.skipsMetadata = skipsMetadata
    self.pageSize = pageSize
    self.pageState = pageState
    self.serialConsistency = serialConsistency
    self.defaultTimestamp = defaultTimestamp
    self.keyspace = keyspace
    self.nowInSeconds = nowInSeconds
  }
}

/// The bits of `<flags>` in QUERY, EXECUTE and BATCH.
struct QueryFlags: OptionSet {
  let rawValue: UInt32

  static let values = QueryFlags(rawValue: 0x0001)
  static let skipMetadata = QueryFlags(rawValue: 0x0002)
  static let pageSize = QueryFlags(rawValue: 0x0004)
  static let pageState = QueryFlags(rawValue: 0x0008)
  static let serialConsistency = QueryFlags(rawValue: 0x0010)
  static let defaultTimestamp = QueryFlags(rawValue: 0x0020)
  static let namesForValues = QueryFlags(rawValue: 0x0040)
  static let keyspace = QueryFlags(rawValue: 0x0080)
  static let nowInSeconds = QueryFlags(rawValue: 0x0100)
}

extension QueryParameters {
  /// Appends the consistency, the flags and, unless it is 0, the number of values.
  ///
  /// Exactly `valueCount` values have to follow, each behind its name when they are named, and then the tail.
  ///
  /// Throws `.unsupported` when the version has no keyspace or now-in-seconds and one is set: leaving it out would run the
  /// statement with another meaning.
  public func encodeHead(
    into buffer: inout [UInt8], version: ProtocolVersion, valueCount: Int, areNamed: Bool = false
  ) throws(WireError) {
    var flags: QueryFlags = []
    if valueCount > 0 { flags.insert(.values) }
    if skipsMetadata { flags.insert(.skipMetadata) }
    if pageSize != nil { flags.insert(.pageSize) }
    if pageState != nil { flags.insert(.pageState) }
    if serialConsistency != nil { flags.insert(.serialConsistency) }
    if defaultTimestamp != nil { flags.insert(.defaultTimestamp) }
    if valueCount > 0, areNamed { flags.insert(.namesForValues) }
    if keyspace != nil { flags.insert(.keyspace) }
    if nowInSeconds != nil { flags.insert(.nowInSeconds) }
    buffer.append(consistency: consistency)
    if version >= .v5 {
      buffer.append(bigEndian: flags.rawValue)
    } else {
      guard keyspace == nil, nowInSeconds == nil else {
        throw WireError(.unsupported, at: buffer.count, "Keyspace and now-in-seconds need protocol v5.")
      }
      buffer.append(UInt8(truncatingIfNeeded: flags.rawValue))
    }
    if valueCount > 0 { try buffer.append(shortCount: valueCount, of: "A list of values") }
  }

  /// Appends everything behind the values.
  public func encodeTail(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    if let pageSize { buffer.append(bigEndian: pageSize) }
    if let pageState { try buffer.append(bytes: pageState) }
    if let serialConsistency { buffer.append(consistency: serialConsistency) }
    if let defaultTimestamp { buffer.append(bigEndian: defaultTimestamp) }
    guard version >= .v5 else { return }
    if let keyspace { try buffer.append(string: keyspace) }
    if let nowInSeconds { buffer.append(bigEndian: nowInSeconds) }
  }

  /// Appends head, values and tail.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch values {
    case .positional(let values):
      try encodeHead(into: &buffer, version: version, valueCount: values.count)
      for value in values { try value.encode(into: &buffer, version: version) }
    case .named(let values):
      try encodeHead(into: &buffer, version: version, valueCount: values.count, areNamed: true)
      for (name, value) in values {
        try buffer.append(string: name)
        try value.encode(into: &buffer, version: version)
      }
    }
    try encodeTail(into: &buffer, version: version)
  }

  /// Reads parameters.
  ///
  /// `slice` has the bytes of `body`, and the values become slices of it.
  ///
  /// It takes what Cassandra takes: flags it does not know mean nothing, and a keyspace is read before v5 too.
  init(
    reading body: Span<UInt8>, of slice: ArraySlice<UInt8>, at position: inout Int, version: ProtocolVersion
  ) throws(WireError) {
    self.init(consistency: try body.readConsistency(&position))
    let flags: QueryFlags
    if version >= .v5 {
      flags = QueryFlags(rawValue: UInt32(bitPattern: try body.readInt(&position)))
    } else {
      flags = QueryFlags(rawValue: UInt32(try body.readByte(&position)))
    }
    if flags.contains(.values) {
      values = try BoundValues(
        reading: body, of: slice, at: &position, version: version, areNamed: flags.contains(.namesForValues))
    }
    skipsMetadata = flags.contains(.skipMetadata)
    if flags.contains(.pageSize) { pageSize = try body.readInt(&position) }
    if flags.contains(.pageState) { pageState = try body.readBytes(&position).map { body.copy($0) } }
    if flags.contains(.serialConsistency) { serialConsistency = try body.readConsistency(&position) }
    if flags.contains(.defaultTimestamp) {
      let start = position
      let timestamp = try body.readLong(&position)
      guard timestamp != .min else { throw WireError.unknown("timestamp", timestamp, at: start) }
      defaultTimestamp = timestamp
    }
    if flags.contains(.keyspace) { keyspace = try body.readString(&position) }
    if flags.contains(.nowInSeconds) { nowInSeconds = try body.readInt(&position) }
  }
}

extension BoundValue {
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .null: buffer.append(bigEndian: Int32(-1))
    case .unset:
      guard version >= .v4 else {
        throw WireError(.unsupported, at: buffer.count, "An unset value needs protocol v4.")
      }
      buffer.append(bigEndian: Int32(-2))
    case .bytes(let bytes): try buffer.append(bytes: bytes.span)
    }
  }

  /// Before v4 every negative length is null, as it is for Cassandra.
  init(
    reading body: Span<UInt8>, of slice: ArraySlice<UInt8>, at position: inout Int, version: ProtocolVersion
  ) throws(WireError) {
    let value: ValueRange =
      version >= .v4 ? try body.readValue(&position) : try body.readBytes(&position).map { .bytes($0) } ?? .null
    switch value {
    case .null: self = .null
    case .unset: self = .unset
    case .bytes(let range):
      self = .bytes(slice[slice.startIndex + range.lowerBound..<slice.startIndex + range.upperBound])
    }
  }
}

extension BoundValues {
  /// Reads a [short] and as many values.
  init(
    reading body: Span<UInt8>, of slice: ArraySlice<UInt8>, at position: inout Int, version: ProtocolVersion,
    areNamed: Bool
  ) throws(WireError) {
    let number = try body.readCount(elementsOf: areNamed ? 6 : 4, &position)
    if areNamed {
      var values: [(name: String, value: BoundValue)] = []
      values.reserveCapacity(number)
      for _ in 0..<number {
        let name = try body.readString(&position)
        values.append((name, try BoundValue(reading: body, of: slice, at: &position, version: version)))
      }
      self = .named(values)
    } else {
      var values: [BoundValue] = []
      values.reserveCapacity(number)
      for _ in 0..<number { values.append(try BoundValue(reading: body, of: slice, at: &position, version: version)) }
      self = .positional(values)
    }
  }
}
