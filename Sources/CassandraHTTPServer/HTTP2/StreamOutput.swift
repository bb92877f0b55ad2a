/// What one stream has to say and has not said yet.
struct StreamOutput {
  var bytes: [UInt8] = []
  var start = 0
  var isEnded = false
  /// Bytes that have been handed over.
  private(set) var sent: UInt64 = 0
  var waiting: Int { bytes.count - start }

  /// Copies the next bytes that there is room for, and returns how many they are.
  mutating func hand(over buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(waiting, buffer.count)
    bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    sent &+= UInt64(count)
    start += count
    if waiting == 0 {
      bytes.removeAll(keepingCapacity: !isEnded)
      start = 0
    }
    return count
  }
}
