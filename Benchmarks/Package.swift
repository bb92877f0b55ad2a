// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The node's storage is not public; what measures it counts as part of the package, which SwiftPM names by its folder.
let insider: [SwiftSetting] =
  settings + [.unsafeFlags(["-package-name", packageName(of: Context.packageDirectory)])]

/// The name of the folder above as the compiler knows the package in it.
func packageName(of directory: String) -> String {
  let parts = directory.split(separator: "/")
  return String((parts.dropLast().last ?? "").lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
}

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "driver-bench", targets: ["DriverBench"]),
    .executable(name: "storage-bench", targets: ["StorageBench"]),
  ],
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
    .executableTarget(
      name: "StorageBench",
      dependencies: [
        "Measuring", .product(name: "CQLEngine", package: "field-guide"),
        .product(name: "CSQLite", package: "field-guide"),
      ], packageAccess: false,
      swiftSettings: insider),
  ]
)
