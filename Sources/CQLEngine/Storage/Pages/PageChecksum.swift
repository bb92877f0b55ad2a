/// The checksum in the last eight bytes of each page of the database's file.
///
/// SQLite has none there, and would answer with what a failing disk has made of a value. The number of the page is part
/// of it, so that a page that was written to a wrong place is found too. Four sums side by side, because one after the
/// other would wait for each multiplication: 0.2 µs a page, paid when a page comes from the file and not when it is in
/// the cache.
enum PageChecksum {
  static let bytes = 8

  private static let first: UInt64 = 0x9e37_79b1_85eb_ca87
  private static let second: UInt64 = 0xc2b2_ae3d_27d4_eb4f

  /// Whether a page holds what was written there.
  @unsafe
  static func isRight(_ page: UnsafeRawPointer, count: Int, number: Int) -> Bool {
    let stored = unsafe page.loadUnaligned(fromByteOffset: count - bytes, as: UInt64.self)
    return unsafe UInt64(littleEndian: stored) == sum(page, count: count - bytes, number: number)
  }

  /// Writes a page's checksum into its end.
  @unsafe
  static func set(_ page: UnsafeMutableRawPointer, count: Int, number: Int) {
    let value = unsafe sum(page, count: count - bytes, number: number).littleEndian
    unsafe page.storeBytes(of: value, toByteOffset: count - bytes, as: UInt64.self)
  }

  /// The sum of bytes that are a multiple of eight.
  private static func sum(_ page: UnsafeRawPointer, count: Int, number: Int) -> UInt64 {
    var (a, b, c, d) = (first, second, first &+ second, UInt64(truncatingIfNeeded: number))
    var offset = 0
    while offset &+ 32 <= count {
      unsafe mix(&a, page.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      unsafe mix(&b, page.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
      unsafe mix(&c, page.loadUnaligned(fromByteOffset: offset &+ 16, as: UInt64.self))
      unsafe mix(&d, page.loadUnaligned(fromByteOffset: offset &+ 24, as: UInt64.self))
      offset &+= 32
    }
    while offset < count {
      unsafe mix(&a, page.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    var sum = a ^ rotated(b, 7) ^ rotated(c, 12) ^ rotated(d, 18)
    sum = (sum ^ (sum >> 33)) &* first
    sum = (sum ^ (sum >> 29)) &* second
    return sum ^ (sum >> 32)
  }

  @inline(__always)
  private static func mix(_ sum: inout UInt64, _ word: UInt64) {
    sum = rotated(sum &+ UInt64(littleEndian: word) &* second, 31) &* first
  }

  @inline(__always)
  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
