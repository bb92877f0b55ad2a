internal import CCassandraZlib
internal import CassandraBytes
internal import CassandraHTTP

/// Compresses the body of one answer with gzip (RFC 1952).
final class Compressor {
  /// Bytes that an answer has to have to be compressed: 1 KiB. A smaller one hardly gains.
  static let smallestBytes = 1 << 10
  /// The window, as a power of two, and the level of memory of zlib: about 100 KiB for each answer that is under way.
  private static let window: Int32 = 13
  private static let memoryLevel: Int32 = 7
  /// As fast as it goes with most of the gain: 5 of 9.
  private static let level: Int32 = 5

  private let stream: UnsafeMutablePointer<z_stream>

  /// Nil when there is no memory for it.
  init?() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let result = deflateInit2_(
      stream, Self.level, Z_DEFLATED, Self.window + 16, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// The compressed form of the next piece, all of it, so that the client can read as far as this.
  func compress(_ bytes: Span<UInt8>, isEnd: Bool) throws -> [UInt8] {
    var output: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 16 << 10)
    let flush = isEnd ? Z_FINISH : Z_SYNC_FLUSH
    try bytes.withUnsafeBufferPointer { input in
      // zlib does not write to its input, though its type says so.
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      var isDone = false
      while !isDone {
        let count = try room.withUnsafeMutableBufferPointer { room in
          stream.pointee.next_out = room.baseAddress
          stream.pointee.avail_out = UInt32(room.count)
          let result = deflate(stream, flush)
          guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw CompressionFailure() }
          return room.count - Int(stream.pointee.avail_out)
        }
        output += room.prefix(count)
        isDone = count < room.count
      }
      stream.pointee.next_in = nil
    }
    return output
  }
}

/// zlib refused; it has no reason to.
struct CompressionFailure: Error {}

extension RequestHead {
  /// Whether the client takes gzip (RFC 9110 §12.5.3).
  var acceptsGzip: Bool {
    guard fields.range(of: "Accept-Encoding") != nil else { return false }
    var any: Bool?
    for element in fields.list("Accept-Encoding") {
      let parts = element.utf8.split(separator: UInt8(ascii: ";"), maxSplits: 1)
      guard
        let name = parts.first.map({ $0.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } })
      else { continue }
      let isWanted = !(parts.count > 1 && Self.isZero(Substring(parts[1])))
      // The older name is the same (RFC 9110 §8.4.1.3).
      if name.span.isEqualIgnoringCase(to: "gzip") || name.span.isEqualIgnoringCase(to: "x-gzip") { return isWanted }
      if name == [UInt8(ascii: "*")] { any = isWanted }
    }
    return any ?? false
  }

  /// Whether a weight is `q=0`, `q=0.0` and so on.
  private static func isZero(_ weight: Substring) -> Bool {
    let digits = weight.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    guard digits.count >= 3, digits[0] | 0x20 == UInt8(ascii: "q"), digits[1] == UInt8(ascii: "=") else { return false }
    return digits.dropFirst(2).allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
  }
}
