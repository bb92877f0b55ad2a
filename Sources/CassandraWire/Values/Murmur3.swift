internal import CassandraBytes

/// The partitioner's hash: Murmur3 of 128 bits for 64-bit machines with seed 0, of which the first half is the token.
///
/// It differs from the published one as Cassandra's does: the bytes of an incomplete last block are taken as signed.
package enum Murmur3 {
  /// The token of a partition key in its serialized form, from `Int64.min + 1` to `Int64.max`.
  package static func token(_ key: Span<UInt8>) -> Int64 {
    let hash = firstHalf(key)
    return hash == .min ? .max : hash
  }

  private static func block(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 { bytes.uint64(at: offset).byteSwapped }

  private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

  private static func mix(_ value: UInt64) -> UInt64 {
    var value = value
    value ^= value >> 33
    value = value &* 0xff51_afd7_ed55_8ccd
    value ^= value >> 33
    value = value &* 0xc4ce_b9fe_1a85_ec53
    return value ^ value >> 33
  }

  private static func firstHalf(_ key: Span<UInt8>) -> Int64 {
    let c1: UInt64 = 0x87c3_7b91_1142_53d5
    let c2: UInt64 = 0x4cf5_ad43_2745_937f
    var h1: UInt64 = 0
    var h2: UInt64 = 0
    let blocks = key.count / 16
    for index in 0..<blocks {
      h1 ^= rotate(block(key, index * 16) &* c1, 31) &* c2
      h1 = (rotate(h1, 27) &+ h2) &* 5 &+ 0x52dc_e729
      h2 ^= rotate(block(key, index * 16 + 8) &* c2, 33) &* c1
      h2 = (rotate(h2, 31) &+ h1) &* 5 &+ 0x3849_5ab5
    }
    var k1: UInt64 = 0
    var k2: UInt64 = 0
    var index = key.count - 1
    while index >= blocks * 16 {
      let byte = UInt64(bitPattern: Int64(Int8(bitPattern: key[index])))
      let place = index - blocks * 16
      if place >= 8 { k2 ^= byte << UInt64((place - 8) * 8) } else { k1 ^= byte << UInt64(place * 8) }
      index -= 1
    }
    if key.count % 16 > 8 { h2 ^= rotate(k2 &* c2, 33) &* c1 }
    if key.count % 16 > 0 { h1 ^= rotate(k1 &* c1, 31) &* c2 }
    h1 ^= UInt64(key.count)
    h2 ^= UInt64(key.count)
    h1 = h1 &+ h2
    h2 = h2 &+ h1
    h1 = mix(h1)
    h2 = mix(h2)
    return Int64(bitPattern: h1 &+ h2)
  }
}
