internal import CassandraBytes
internal import CassandraWire

extension Statement {
  /// Appends the key of the partition that the statement is about, as Cassandra serializes it for its token: the bytes of
  /// the only column, or of each column its length in two bytes, its bytes and a zero.
  ///
  /// - Returns: False when the values do not tell the partition.
  func appendRoutingKey(_ prepared: PreparedStatement, into buffer: inout [UInt8]) -> Bool {
    let indexes = prepared.partitionKeyIndexes
    guard !indexes.isEmpty else { return false }
    for index in indexes {
      let start = buffer.count
      if indexes.count > 1 { buffer.append(bigEndian: UInt16(0)) }
      guard appendKeyColumn(Int(index), prepared, into: &buffer) else { return false }
      guard indexes.count > 1 else { continue }
      let length = buffer.count - start - 2
      guard let length = UInt16(exactly: length) else { return false }
      buffer[start] = UInt8(truncatingIfNeeded: length >> 8)
      buffer[start + 1] = UInt8(truncatingIfNeeded: length)
      buffer.append(0)
    }
    return true
  }

  private func appendKeyColumn(_ index: Int, _ prepared: PreparedStatement, into buffer: inout [UInt8]) -> Bool {
    guard prepared.parameters.indices.contains(index) else { return false }
    guard let place = names.map({ $0.firstIndex(of: prepared.parameters[index].name) }) ?? index,
      values.indices.contains(place)
    else { return false }
    switch (values[place], prepared.forms[index]) {
    case (.null, _): return false
    case (.text(let text), .text): buffer.append(contentsOf: text.utf8)
    case (.integer(let number), .int):
      guard let number = Int32(exactly: number) else { return false }
      buffer.append(bigEndian: number)
    case (.integer(let number), .bigint): buffer.append(bigEndian: Int64(number))
    case (let value, _):
      let start = buffer.count
      // With its length before it, which is taken out again; a value without bytes is null or unset.
      guard (try? buffer.append(value: value.encodable, as: prepared.parameters[index].type)) != nil,
        buffer.count >= start + 4, buffer.span.int32(at: start) >= 0
      else { return false }
      buffer.removeSubrange(start..<start + 4)
    }
    return true
  }
}
