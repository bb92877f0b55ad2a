// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Echo",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "echo", targets: ["Echo"])],
  dependencies: [.package(name: "swift-cassandra", path: "../..")],
  targets: [
    .executableTarget(
      name: "Echo", dependencies: [.product(name: "CassandraHTTPServer", package: "swift-cassandra")])
  ]
)
