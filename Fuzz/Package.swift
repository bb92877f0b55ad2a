// swift-tools-version: 6.2
import PackageDescription

// Build with libFuzzer and the address sanitizer:
//   swift build -c release --sanitize=address -Xswiftc -sanitize=fuzzer -Xswiftc -parse-as-library
// Run for three minutes, without the backtracer, which would keep libFuzzer from writing the input that crashed; what is
// found goes to the first folder:
//   export SWIFT_BACKTRACE=enable=no
//   .build/release/FuzzHTTPRequest -max_total_time=180 -max_len=4096 "$(mktemp -d)" Corpus/HTTPRequest
let package = Package(
  name: "Fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "field-guide", path: "..")],
  targets: [
    .target(name: "FuzzDriver"),
    .executableTarget(
      name: "FuzzHTTPRequest", dependencies: ["FuzzDriver", .product(name: "HTTP", package: "field-guide")]),
    .executableTarget(
      name: "FuzzHTTPResponse", dependencies: ["FuzzDriver", .product(name: "HTTP", package: "field-guide")]),
  ]
)
