internal import CCassandraNghttp2
internal import CassandraHTTP

/// The fields of an answer as nghttp2 takes them; its memory is used for one answer after the other.
struct FieldLines {
  private var block = FieldBlock()
  private var lines: [nghttp2_nv] = []

  /// Lends the fields to `body`; the library copies them.
  mutating func with(
    _ status: Status, _ fill: (inout FieldBlock) -> Void, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void
  ) {
    block.begin(status)
    fill(&block)
    lines.removeAll(keepingCapacity: true)
    block.bytes.withUnsafeBufferPointer { bytes in
      // They are read and not changed, though their type does not say so.
      guard let base = UnsafeMutablePointer(mutating: bytes.baseAddress) else { return }
      for (name, value) in block.fields {
        lines.append(
          nghttp2_nv(
            name: base + name.lowerBound, value: base + value.lowerBound, namelen: name.count, valuelen: value.count,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
      }
      lines.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }
}
