// swift-tools-version: 6.2
import PackageDescription

// Stands in for other people's packages: targets of everyday names, and modules of the shape of swift-log's and
// swift-service-lifecycle's.
let names = ["Bytes", "HTTP", "JSON", "Logging", "ServiceLifecycle", "Terminal", "Web"]

let package = Package(
  name: "neighbours",
  products: names.map { .library(name: $0, targets: [$0]) },
  targets: names.map { .target(name: $0) }
)
