// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "Fuzz",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "field-guide", path: "..")],
  targets: [
    .target(name: "FuzzDriver", swiftSettings: settings),
    fuzzer("FuzzJSON", of: "JSON"),
    fuzzer("FuzzHTTPRequest", of: "HTTP"),
    fuzzer("FuzzHTTPResponse", of: "HTTP"),
    fuzzer("FuzzBundle", of: "CassandraAstra"),
    fuzzer("FuzzCQL", of: "CQLLanguage"),
    fuzzer("FuzzServer", of: "CQLServer", "CQLWire", "Telemetry"),
    fuzzer("FuzzWireRequest", of: "CQLWire"),
    fuzzer("FuzzWireResponse", of: "CQLWire"),
    fuzzer("FuzzWireValue", of: "CQLWire", "JSON"),
  ]
)

func fuzzer(_ name: String, of products: String...) -> Target {
  .executableTarget(
    name: name, dependencies: ["FuzzDriver"] + products.map { .product(name: $0, package: "field-guide") },
    swiftSettings: settings)
}
