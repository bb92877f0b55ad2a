// swift-tools-version: 6.2
import PackageDescription

let common: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// For the targets that read bytes from strangers: every unsafe expression has to be marked, and there are next to none.
let strict: [SwiftSetting] = common + [.strictMemorySafety()]

let package = Package(
  name: "field-guide",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "CQLWire", targets: ["CQLWire"])
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // Without I/O.
    .target(name: "Bytes", swiftSettings: strict),
    .target(name: "JSON", dependencies: ["Bytes"], swiftSettings: strict),
    .target(name: "CQLWire", dependencies: ["Bytes", "JSON", "CLZ4", "CZlib"], swiftSettings: strict),

    .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: common),
    .testTarget(
      name: "CQLWireTests", dependencies: ["CQLWire", "Bytes"], exclude: ["Scripts"], resources: [.copy("Fixtures")],
      swiftSettings: common),
  ]
)
