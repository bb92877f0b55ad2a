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
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "field-guide", path: "..")],
  targets: [
    .target(name: "FuzzDriver", swiftSettings: settings),
    .executableTarget(
      name: "FuzzWireRequest", dependencies: ["FuzzDriver", .product(name: "CQLWire", package: "field-guide")],
      swiftSettings: settings),
    .executableTarget(
      name: "FuzzWireResponse", dependencies: ["FuzzDriver", .product(name: "CQLWire", package: "field-guide")],
      swiftSettings: settings),
    .executableTarget(
      name: "FuzzWireValue", dependencies: ["FuzzDriver", .product(name: "CQLWire", package: "field-guide")],
      swiftSettings: settings),
  ]
)
