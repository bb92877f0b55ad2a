// swift-tools-version: 6.2
import PackageDescription

// The driver alone, beside packages whose targets have everyday names.
let package = Package(
  name: "sightings",
  platforms: [.macOS(.v26)],
  dependencies: [.package(url: "URL", branch: "main"), .package(path: "../Neighbours")],
  targets: [
    .executableTarget(
      name: "Readme",
      dependencies: [
        .product(name: "Cassandra", package: "swift-cassandra"),
        .product(name: "JSON", package: "Neighbours"),
        .product(name: "Bytes", package: "Neighbours"),
        .product(name: "Logging", package: "Neighbours"),
      ])
  ]
)
