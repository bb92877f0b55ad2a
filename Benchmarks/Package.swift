// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "driver-bench", targets: ["DriverBench"])],
  dependencies: [.package(name: "field-guide", path: "..")],
  targets: [
    .target(name: "Measuring", swiftSettings: settings),
    .executableTarget(
      name: "DriverBench",
      dependencies: [
        "Measuring", .product(name: "Cassandra", package: "field-guide"),
        .product(name: "CQLWire", package: "field-guide"),
        .product(name: "Reactor", package: "field-guide"),
      ], swiftSettings: settings),
  ]
)
