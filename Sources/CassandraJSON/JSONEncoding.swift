internal import CassandraBytes

extension Array where Element == UInt8 {
  /// Appends `value` as JSON, as its own `encode(to:)` has it.
  ///
  /// Members go out in the order in which they are encoded, so a type with synthesized coding keeps the order of its
  /// declaration; a dictionary has none. A key that is encoded twice is there twice, and a type that encodes nothing at
  /// all is `{}`. A `Date` of Foundation is text of RFC 3339 in UTC, to the millisecond. ``JSONValue`` and ``JSONNumber`` inside of `value` keep all their digits. Encoding takes several times
  /// as long as writing by hand: see ``JSONWritable`` for what is answered often.
  ///
  /// - Throws: ``JSONError`` with a pointer to the place: ``JSONError/Code/nonFiniteNumber`` for a NaN or an infinity,
  ///   ``JSONError/Code/encodingFailed`` when a type's own encoding throws (then ``JSONError/cause`` is its error) or
  ///   uses its containers in a way that gives no JSON. The buffer is then as it was before.
  public mutating func append(jsonEncoding value: some Encodable) throws(JSONError) {
    let session = EncodingSession()
    let root = ValueEncoder(session: session, output: EncodingOutput(), parent: nil, key: nil)
    session.innermost = root
    defer { session.end() }
    let length = count
    // The buffer itself is written to, and swapped back in any case: a copy of it could be much longer than the value.
    swap(&self, &root.output.bytes)
    do {
      try root.encodeSingle(value)
      if let misuse = session.misuse { throw misuse }
      swap(&self, &root.output.bytes)
    } catch {
      swap(&self, &root.output.bytes)
      removeSubrange(length...)
      throw EncodingSession.jsonError(error)
    }
    guard !root.output.insertions.isEmpty else { return }
    let flat = session.flattened(root.output, over: self)
    self = flat
  }
}

/// Bytes that were written, and the places where those of detached containers belong.
final class EncodingOutput {
  var bytes: [UInt8] = []
  var insertions: [(offset: Int, detached: Int)] = []
}

/// What the encoders of one value share.
final class EncodingSession {
  /// The encoder whose value's `encode(to:)` is running; nobody else may write.
  var innermost: ValueEncoder?

  /// The nested containers and super-encoders, which may be written to in any order while their value is encoded, so
  /// each has an output of its own that is put in its place at the end.
  var detached: [ValueEncoder] = []

  /// What a type did that gives no JSON, where it could not be thrown on the spot.
  var misuse: JSONError?

  /// Lets go of the encoders, which hold the session in turn.
  func end() { (innermost, detached) = (nil, []) }

  func flattened(_ output: EncodingOutput, over bytes: [UInt8]) -> [UInt8] {
    var flat: [UInt8] = []
    append(bytes, output.insertions, to: &flat)
    return flat
  }

  private func append(_ bytes: [UInt8], _ insertions: [(offset: Int, detached: Int)], to flat: inout [UInt8]) {
    var start = 0
    for insertion in insertions {
      flat.append(copying: bytes.span.extracting(start..<insertion.offset))
      let encoder = detached[insertion.detached]
      encoder.close()
      append(encoder.output.bytes, encoder.output.insertions, to: &flat)
      start = insertion.offset
    }
    flat.append(copying: bytes.span.extracting(start...))
  }

  static func jsonError(_ error: any Error) -> JSONError {
    if let error = error as? JSONError { return error }
    var pointer: JSONPointer?
    if case EncodingError.invalidValue(_, let context) = error { pointer = JSONPointer(context.codingPath) }
    return JSONError(.encodingFailed, "the value cannot be encoded", at: pointer, cause: error)
  }
}
