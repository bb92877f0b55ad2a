internal import CassandraBytes
internal import CCassandraLZ4

/// Blocks of LZ4 without a frame of their own, as both versions of the protocol use them.
enum LZ4 {
  /// Appends the decompressed form of `block` to `buffer`, which has to have exactly `count` bytes.
  static func decompress(_ block: Span<UInt8>, count: Int, into buffer: inout [UInt8], at position: Int)
    throws(WireError)
  {
    // LZ4 reaches 255 to 1, so a small block cannot make us reserve more than that.
    guard count <= block.count * 255 else {
      throw WireError(.compression, at: position, "\(block.count) bytes of LZ4 cannot hold \(count).")
    }
    var written: Int32 = -1
    buffer.append(addingCapacity: count) { output in
      unsafe output.withUnsafeMutableBufferPointer { target, initialized in
        unsafe block.withUnsafeBytes { source in
          written = unsafe LZ4_decompress_safe(
            source.baseAddress?.assumingMemoryBound(to: CChar.self),
            UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self),
            Int32(clamping: block.count),
            Int32(clamping: count))
        }
        initialized = max(0, Int(written))
      }
    }
    guard written == count else {
      throw WireError(
        .compression, at: position, "A block of LZ4 does not hold the \(count) bytes that it announces.")
    }
  }

  /// Appends the compressed form of `bytes` to `buffer`, and returns its length; or appends nothing and returns nil
  /// when that would not be shorter.
  static func compress(_ bytes: Span<UInt8>, into buffer: inout [UInt8]) -> Int? {
    guard bytes.count > 1 else { return nil }
    var written: Int32 = 0
    buffer.append(addingCapacity: bytes.count - 1) { output in
      unsafe output.withUnsafeMutableBufferPointer { target, initialized in
        unsafe bytes.withUnsafeBytes { source in
          written = unsafe LZ4_compress_default(
            source.baseAddress?.assumingMemoryBound(to: CChar.self),
            UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self),
            Int32(clamping: bytes.count),
            Int32(clamping: bytes.count - 1))
        }
        initialized = max(0, Int(written))
      }
    }
    return written > 0 ? Int(written) : nil
  }
}
