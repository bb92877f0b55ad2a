import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func libFuzzerRunDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Set once before the fuzzer runs, and read by its callback, which cannot capture anything.
private nonisolated(unsafe) var body: ([UInt8]) -> Void = { _ in }

/// What an input may cost: processor time of the thread, so that a busy machine makes nothing fail.
///
/// An input of n bytes may take a hundredth of a second, for what is done for the first time and for what the sanitizer
/// adds, and 20 µs for each byte: some hundred times what these codecs take, and far below what a square of n or a
/// doubling with each level costs. An input that takes longer is run once more before it fails, as the first time may
/// have been that of a page fault or of a table that is made.
private enum Cost {
  static let free = 10_000_000
  static let perByte = 20_000

  static func bound(_ count: Int) -> Int { free + perByte * count }

  static func nanoseconds(_ work: () -> Void) -> Int {
    let start = now()
    work()
    return now() - start
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// The symbol that libFuzzer looks for; the driver is given the same function.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let bound = Cost.bound(count)
  guard Cost.nanoseconds({ body(input) }) > bound else { return 0 }
  let again = Cost.nanoseconds { body(input) }
  precondition(again <= bound, "an input of \(count) bytes takes \(again / 1000) µs, more than \(bound / 1000)")
  return 0
}

/// Runs libFuzzer with the arguments of the command line; `check` has to trap when a property does not hold. An input
/// whose check takes longer than its bytes can explain fails too.
///
/// SwiftPM renames `main`, so the fuzzer's own cannot be used and its driver is called instead.
public func runFuzzer(_ check: @escaping ([UInt8]) -> Void) -> Never {
  body = check
  var count = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  exit(libFuzzerRunDriver(&count, &arguments) { fuzzOneInput($0, $1) })
}
