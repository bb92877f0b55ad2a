#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What this process has used so far.
public struct Usage: Sendable {
  /// Processor time of all threads, user and system, in seconds.
  public var cpu: Double
  /// Seconds of the monotonic clock.
  public var wall: Double

  /// As of now.
  public static var now: Usage {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(RUSAGE_SELF.rawValue, &usage)
    #else
      getrusage(RUSAGE_SELF, &usage)
    #endif
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return Usage(cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), wall: Double(nanoseconds) / 1e9)
  }

  /// Nanoseconds of the monotonic clock.
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The most memory that the process has had resident, in MiB; not ru_maxrss, which it inherits from the process that
  /// started it.
  public static var peakResidentMiB: Double {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = fread(&bytes, 1, bytes.count, file)
    for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n") {
      guard line.hasPrefix("VmHWM:") else { continue }
      return Double(line.filter(\.isNumber)).map { $0 / 1024 } ?? 0
    }
    return 0
  }
}

/// `value` with that many decimals.
public func fixed(_ value: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = Int((value * scale).rounded())
  guard decimals > 0 else { return "\(scaled)" }
  let digits = String(scaled.magnitude)
  let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  return "\(scaled < 0 ? "-" : "")\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
}

/// Runs a program's work: a failure is a sentence on standard error and a status of 1, and no backtrace.
public func runProgram(_ name: String, _ body: () async throws -> Void) async {
  do { try await body() } catch {
    let bytes = Array("\(name): \(error)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
    exit(1)
  }
}
