#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private nonisolated(unsafe) var target: (Span<UInt8>) -> Void = { _ in }

/// What libFuzzer's archive asks for by name, though it is handed over below.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target(UnsafeBufferPointer(start: start, count: count).span)
  return 0
}

/// Runs libFuzzer on `body` with the arguments of the command line, and exits.
///
/// The executable calls this from its `main`, because the package manager renames `main` and libFuzzer's own is not found.
public func fuzz(_ body: @escaping (Span<UInt8>) -> Void) -> Never {
  target = body
  var count = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  exit(runDriver(&count, &arguments) { testOneInput($0, $1) })
}
