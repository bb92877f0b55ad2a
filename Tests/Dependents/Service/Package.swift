// swift-tools-version: 6.2
import PackageDescription

// Everything, with default settings, beside packages whose targets have everyday names.
func ours(_ names: String...) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "swift-cassandra") }
}
let neighbours: [Target.Dependency] = ["Bytes", "HTTP", "JSON", "Logging", "ServiceLifecycle", "Terminal", "Web"].map {
  .product(name: $0, package: "Neighbours")
}

let package = Package(
  name: "service",
  platforms: [.macOS(.v26)],
  dependencies: [.package(url: "URL", branch: "main"), .package(path: "../Neighbours")],
  targets: [
    .executableTarget(name: "Readme", dependencies: ours("CassandraWeb") + neighbours),
    .executableTarget(name: "Service", dependencies: ours("CassandraWeb", "CassandraTesting") + neighbours),
    .executableTarget(name: "Adapters", dependencies: ours("CassandraWeb") + neighbours),
    .executableTarget(
      name: "OneImportEach",
      dependencies: ours(
        "CQLNode", "Cassandra", "CassandraAstra", "CassandraFoundation", "CassandraHTTPServer", "CassandraTesting",
        "CassandraWeb")),
  ]
)
