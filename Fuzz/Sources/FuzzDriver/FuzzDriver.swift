import Glibc

@_silgen_name("LLVMFuzzerRunDriver")
private func libFuzzerRunDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Set once before the fuzzer runs, and read by its callback, which cannot capture anything.
private nonisolated(unsafe) var body: ([UInt8]) -> Void = { _ in }

/// The symbol that libFuzzer looks for; the driver is given the same function.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  body(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// Runs libFuzzer with the arguments of the command line; `check` has to trap when a property does not hold.
///
/// SwiftPM renames `main`, so the fuzzer's own cannot be used and its driver is called instead.
public func runFuzzer(_ check: @escaping ([UInt8]) -> Void) -> Never {
  body = check
  var count = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  exit(libFuzzerRunDriver(&count, &arguments) { fuzzOneInput($0, $1) })
}
