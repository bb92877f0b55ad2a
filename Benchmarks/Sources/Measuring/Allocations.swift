#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What the preloaded library Benchmarks/Scripts/allocations.c has counted in this process.
public struct Allocations: Sendable {
  /// How many there were.
  public var number: UInt64
  /// How many bytes they asked for.
  public var bytes: UInt64

  /// As of now; nil when nothing counts.
  public static var now: Allocations? {
    guard let path = getenv("ALLOCATIONS_FILE"), let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var counts: [UInt64] = [0, 0]
    guard fread(&counts, 8, 2, file) == 2 else { return nil }
    return Allocations(number: counts[0], bytes: counts[1])
  }
}
