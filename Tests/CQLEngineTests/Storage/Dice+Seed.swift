import CassandraDice

extension Dice {
  /// True once in `count` times.
  mutating func oneIn(_ count: Int) -> Bool { number(0...count - 1) == 0 }

  /// A fresh seed, or the one in the environment, to repeat a failure.
  static func seed(_ name: String) -> UInt64 {
    let seed = environment("CQL_TEST_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    print("\(name): CQL_TEST_SEED=\(seed)")
    return seed
  }
}
