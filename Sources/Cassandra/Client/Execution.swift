internal import CassandraBytes
internal import CassandraWire

/// One request on its way: what is sent is the same at every attempt, and for every page.
struct Execution: Sendable {
  let statement: Statement
  /// The statement as the server knows it; nil for one that is sent as text.
  var prepared: PreparedStatement?
  let kind: StatementKind
  private let shared: SharedOptions
  let timestamp: Int64?
  /// When the request has to be over, in milliseconds of its loop.
  var due: UInt64
  /// Whether the server has been asked within this request what the statement takes.
  var isFresh = false
  /// Whether it goes as text with its values, because the server forgets it whenever it is prepared.
  var isSentAsText = false
  /// Who is told of the attempts.
  var watch: RequestWatch?

  init(
    statement: Statement, prepared: PreparedStatement?, kind: StatementKind, options: SharedOptions,
    timestamp: Int64?, due: UInt64, isFresh: Bool = false, watch: RequestWatch? = nil
  ) {
    self.statement = statement
    shared = options
    self.prepared = prepared
    self.kind = kind
    self.timestamp = timestamp
    self.due = due
    self.isFresh = isFresh
    self.watch = watch
  }

  var options: ResolvedOptions { shared.values }

  var isIdempotent: Bool { options.isIdempotent ?? (kind.verb == .select) }

  /// When it goes on to another node before its time is over; nil for what is not idempotent.
  var hedging: Hedging.Limits? { isIdempotent ? options.hedging : nil }

  var flags: EnvelopeFlags { options.flags }

  /// Appends the body of an EXECUTE (section 4.1.6).
  ///
  /// - Throws: ``CassandraError/Code/invalidValue`` when values and markers do not go together.
  func encodeExecute(
    _ prepared: PreparedStatement, pageState: [UInt8]?, pageSize: Int32, into buffer: inout [UInt8]
  ) throws(CassandraError) {
    try statement.bound.encodeExecute(
      prepared, options, timestamp: timestamp, pageState: pageState, pageSize: pageSize, into: &buffer)
  }

  /// Appends the body of a QUERY: of a statement that is not prepared and has no values, or of one that is sent as text
  /// with the values that its markers take.
  func encodeQuery(
    version: ProtocolVersion, pageState: [UInt8]?, pageSize: Int32, into buffer: inout [UInt8]
  ) throws(CassandraError) {
    var parameters = QueryParameters(consistency: options.consistency, pageSize: pageSize, pageState: pageState)
    if prepared != nil {
      if kind.verb == .modify { parameters.pageSize = nil }
      if kind.isConditional { parameters.serialConsistency = options.serialConsistency }
      parameters.defaultTimestamp = timestamp
    }
    parameters.keyspace = options.keyspace
    parameters.nowInSeconds = options.nowInSeconds
    if let payload = options.customPayload { try buffer.append(customPayload: payload) }
    do throws(WireError) {
      try RequestMessage.beginQuery(
        statement.text, parameters: parameters, valueCount: prepared?.parameters.count ?? 0, into: &buffer,
        version: version)
    } catch { throw .unsendable(error) }
    if let prepared { try statement.bound.appendValues(prepared, into: &buffer) }
    do throws(WireError) { try parameters.encodeTail(into: &buffer, version: version) } catch {
      throw .unsendable(error)
    }
  }
}

/// Why a request was not sent.
enum Unsent: Error {
  /// What its markers take may have changed.
  case outdated
  /// Its values do not go with its markers, or it cannot be written; in a batch, the statement of this number.
  case refused(CassandraError, statement: Int = 0)
}

/// The values of a statement. Whoever encodes them in a closure keeps these, and not a copy of the whole statement.
struct StatementValues {
  /// In the order of their markers.
  let values: [BoundValue]
  /// The names of the values, in their order, when they go by name.
  let names: [String]?
}

extension Statement {
  /// Its values.
  var bound: StatementValues { StatementValues(values: values, names: names) }

  /// The values as bytes, which tell them from others; nothing when they do not go with the markers.
  func encodedValues(_ prepared: PreparedStatement) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(CassandraError) { try bound.appendValues(prepared, into: &bytes) } catch { return [] }
    return bytes
  }
}

extension StatementValues {
  /// The bits of the flags that an EXECUTE can have here (section 4.1.4).
  private enum Flag {
    static let values: UInt32 = 0x01
    static let skipMetadata: UInt32 = 0x02
    static let pageSize: UInt32 = 0x04
    static let pageState: UInt32 = 0x08
    static let serialConsistency: UInt32 = 0x10
    static let timestamp: UInt32 = 0x20
    static let nowInSeconds: UInt32 = 0x100
  }

  /// Appends the body of an EXECUTE (section 4.1.6).
  ///
  /// Written out here, where `QueryParameters` would do, because every request of the application goes through it.
  func encodeExecute(
    _ prepared: PreparedStatement, _ options: borrowing ResolvedOptions, timestamp: Int64?, pageState: [UInt8]?,
    pageSize: Int32, into buffer: inout [UInt8]
  ) throws(CassandraError) {
    let kind = prepared.kind
    let isPaged = kind.verb != .modify
    var flags: UInt32 = 0
    if !prepared.parameters.isEmpty { flags |= Flag.values }
    // Before v5 a server that leaves the columns out may leave out that they have changed.
    if prepared.version >= .v5 { flags |= Flag.skipMetadata }
    if isPaged { flags |= Flag.pageSize }
    if pageState != nil { flags |= Flag.pageState }
    if kind.isConditional { flags |= Flag.serialConsistency }
    if timestamp != nil { flags |= Flag.timestamp }
    if !options.arePlain {
      if options.nowInSeconds != nil {
        guard prepared.version >= .v5 else { throw .needsNewerProtocol("nowInSeconds") }
        flags |= Flag.nowInSeconds
      }
      if let payload = options.customPayload { try buffer.append(customPayload: payload) }
    }
    let head = prepared.executeHead
    let (consistency, hasWideFlags) = (options.consistency.rawValue, prepared.version >= .v5)
    let parameterCount = UInt16(truncatingIfNeeded: prepared.parameters.count)
    // Consistency, flags and the number of values, at most.
    buffer.append(addingCapacity: head.count + 2 + 4 + 2) { output in
      output.append(copying: head.span)
      output.append(bigEndian: consistency)
      if hasWideFlags { output.append(bigEndian: flags) } else { output.append(UInt8(truncatingIfNeeded: flags)) }
      if flags & Flag.values != 0 { output.append(bigEndian: parameterCount) }
    }
    try appendValues(prepared, into: &buffer)
    if isPaged { buffer.append(bigEndian: pageSize) }
    if let pageState {
      buffer.append(bigEndian: Int32(truncatingIfNeeded: pageState.count))
      buffer.append(contentsOf: pageState)
    }
    if kind.isConditional { buffer.append(bigEndian: options.serialConsistency.rawValue) }
    if let timestamp { buffer.append(bigEndian: timestamp) }
    if !options.arePlain, let now = options.nowInSeconds { buffer.append(bigEndian: now) }
  }

  /// Appends the values in the order of the markers.
  func appendValues(_ prepared: PreparedStatement, into buffer: inout [UInt8]) throws(CassandraError) {
    if let names { return try appendNamed(names, prepared.parameters, into: &buffer) }
    let forms = prepared.forms
    guard values.count == forms.count else { throw wrongNumber(forms.count) }
    for index in forms.indices {
      // Not a switch over both at once, which would copy the value.
      let form = forms[index]
      switch values[index] {
      case .text(let text) where form == .text: buffer.append(lengthBefore: text)
      case .integer(let number) where form == .int && Int32(exactly: number) != nil:
        buffer.append(addingCapacity: 8) { output in
          output.append(bigEndian: Int32(4))
          output.append(bigEndian: Int32(truncatingIfNeeded: number))
        }
      case .integer(let number) where form == .bigint:
        buffer.append(addingCapacity: 12) { output in
          output.append(bigEndian: Int32(8))
          output.append(bigEndian: Int64(number))
        }
      case .float(let number) where form == .float:
        buffer.append(addingCapacity: 8) { output in
          output.append(bigEndian: Int32(4))
          output.append(bigEndian: number.bitPattern)
        }
      case .texts(let texts) where form == .texts:
        // What is too long is left to what can say so.
        if !buffer.append(list: texts) { try append(texts, prepared.parameters[index], at: index, into: &buffer) }
      case .null: buffer.append(bigEndian: Int32(-1))
      case let value: try append(value.encodable, prepared.parameters[index], at: index, into: &buffer)
      }
    }
  }

  private func append(
    _ value: any CQLEncodable, _ parameter: ColumnSpecification, at index: Int, into buffer: inout [UInt8]
  ) throws(CassandraError) {
    do throws(CQLValueError) {
      // What a server calls the marker of `a IN ?`.
      if parameter.name.utf8.starts(with: "in(".utf8), try buffer.append(valuesOfIn: value, as: parameter.type) {
        return
      }
      try buffer.append(value: value, as: parameter.type)
    } catch {
      throw CassandraError(
        .invalidValue, "A value does not fit its place in the statement: \(error)",
        logDetail: "marker \(index + 1), \(parameter.name) \(parameter.type)", isRetrySafe: true, cause: error)
    }
  }

  private func appendNamed(
    _ names: [String], _ parameters: [ColumnSpecification], into buffer: inout [UInt8]
  ) throws(CassandraError) {
    var positions: [ByteText: Int] = [:]
    for (position, name) in names.enumerated() { positions[ByteText(name)] = position }
    var used = Set<Int>()
    for (index, parameter) in parameters.enumerated() {
      guard let position = positions[ByteText(parameter.name)] else {
        throw CassandraError(
          .invalidValue, "A marker of the statement has no value.", logDetail: ":\(parameter.name)", isRetrySafe: true)
      }
      used.insert(position)
      try append(values[position].encodable, parameter, at: index, into: &buffer)
    }
    guard used.count == names.count else {
      throw CassandraError(
        .invalidValue, "A value has a name that no marker in the statement has.",
        logDetail: names.indices.filter { !used.contains($0) }.map { names[$0] }.joined(separator: ", "),
        isRetrySafe: true)
    }
  }

  private func wrongNumber(_ markers: Int) -> CassandraError {
    CassandraError(
      .invalidValue, "The statement has a different number of markers than of values.",
      logDetail: "\(markers) markers, \(values.count) values", isRetrySafe: true)
  }
}

extension [UInt8] {
  /// Appends a text with its length before it.
  @inline(__always)
  fileprivate mutating func append(lengthBefore text: String) {
    text.withUTF8Span { bytes in
      append(addingCapacity: 4 + bytes.count) { output in
        output.append(bigEndian: Int32(truncatingIfNeeded: bytes.count))
        output.append(copying: bytes)
      }
    }
  }

  /// Appends a list of texts as the value of a marker; false, and nothing is appended, when it is too long for one.
  fileprivate mutating func append(list texts: [String]) -> Bool {
    let start = count
    append(bigEndian: Int32(0))
    append(bigEndian: Int32(truncatingIfNeeded: texts.count))
    for text in texts { append(lengthBefore: text) }
    guard let length = Int32(exactly: count - start - 4) else {
      removeLast(count - start)
      return false
    }
    store(bigEndian: length, at: start)
    return true
  }

  /// Appends the custom payload that stands before a request (section 4).
  mutating func append(customPayload: [ByteText: [UInt8]?]) throws(CassandraError) {
    do throws(WireError) { try RequestPrefix(customPayload: customPayload).encode(into: &self) } catch {
      throw .unsendable(error)
    }
  }
}
