// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Echo",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "echo", targets: ["Echo"])],
  dependencies: [.package(name: "field-guide", path: "../..")],
  targets: [
    .executableTarget(
      name: "Echo",
      dependencies: [
        .product(name: "Reactor", package: "field-guide"), .product(name: "Terminal", package: "field-guide"),
        .product(name: "Web", package: "field-guide"),
      ], swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault"), .treatAllWarnings(as: .error)])
  ]
)
