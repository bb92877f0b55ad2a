// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Library",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "library", targets: ["Library"])],
  dependencies: [.package(name: "swift-cassandra", path: "../..")],
  targets: [
    .executableTarget(name: "Library", dependencies: [.product(name: "CassandraWeb", package: "swift-cassandra")]),
    .testTarget(
      name: "LibraryTests", dependencies: ["Library", .product(name: "CassandraTesting", package: "swift-cassandra")]),
  ]
)
