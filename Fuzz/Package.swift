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
      name: "FuzzCQL", dependencies: ["FuzzDriver", .product(name: "CQLLanguage", package: "field-guide")],
      swiftSettings: settings),
  ]
)
