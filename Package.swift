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

/// For the target whose record views must not outlive the database's memory that they read.
let lifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

let package = Package(
  name: "field-guide",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "astra-emulator", targets: ["AstraEmulatorCommand"]),
    .executable(name: "cql-node", targets: ["CQLNodeCommand"]),
    .executable(name: "fieldguide", targets: ["FieldGuideCommand"]),
    .library(name: "Cassandra", targets: ["Cassandra"]),
    .library(name: "CassandraAstra", targets: ["CassandraAstra"]),
    .library(name: "CassandraFoundation", targets: ["CassandraFoundation"]),
    .library(name: "CQLEngine", targets: ["CQLEngine"]),
    .library(name: "CQLLanguage", targets: ["CQLLanguage"]),
    .library(name: "CQLServer", targets: ["CQLServer"]),
    .library(name: "CQLWire", targets: ["CQLWire"]),
    .library(name: "CassandraTesting", targets: ["CassandraTesting"]),
    .library(name: "CSQLite", targets: ["CSQLite"]),
    .library(name: "HTTP", targets: ["HTTP"]),
    .library(name: "JSON", targets: ["JSON"]),
    .library(name: "Reactor", targets: ["Reactor"]),
    .library(name: "Telemetry", targets: ["Telemetry"]),
    .library(name: "Terminal", targets: ["Terminal"]),
    .library(name: "Web", targets: ["Web"]),
    .library(name: "WebCassandra", targets: ["WebCassandra"]),
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // Without I/O.
    .target(name: "Bytes", swiftSettings: strict),
    .target(name: "JSON", dependencies: ["Bytes"], swiftSettings: strict),
    .target(name: "HTTP", dependencies: ["Bytes"], swiftSettings: strict),
    .target(name: "CQLWire", dependencies: ["Bytes", "JSON", "CLZ4", "CZlib"], swiftSettings: strict),
    .target(name: "CQLLanguage", dependencies: ["Bytes"], swiftSettings: strict),

    // The node's database: no event loop of its own, one thread that writes.
    .target(
      name: "CQLEngine", dependencies: ["Bytes", "CQLLanguage", "CQLWire", "CSQLite"], swiftSettings: lifetimes),

    // On event loops.
    .target(name: "Telemetry", swiftSettings: common),
    .target(name: "Reactor", dependencies: ["CUV", "COpenSSL", "Telemetry"], swiftSettings: common),
    .target(name: "Web", dependencies: ["Bytes", "HTTP", "JSON", "Reactor", "Telemetry"], swiftSettings: common),
    .target(name: "Cassandra", dependencies: ["Bytes", "CQLWire", "Reactor", "Telemetry"], swiftSettings: common),
    .target(
      name: "CQLServer", dependencies: ["Bytes", "CQLEngine", "CQLWire", "Reactor", "Telemetry"],
      swiftSettings: common),

    .target(
      name: "CassandraAstra",
      dependencies: ["Bytes", "CQLWire", "CZip", "Cassandra", "HTTP", "JSON", "Reactor", "Telemetry"],
      swiftSettings: common),
    .target(name: "CassandraFoundation", dependencies: ["CQLWire"], swiftSettings: common),

    // Applications.
    .target(
      name: "WebCassandra", dependencies: ["Bytes", "Cassandra", "CQLWire", "HTTP", "Web"], swiftSettings: common),
    .target(name: "Terminal", swiftSettings: common),
    .target(
      name: "FieldGuide",
      dependencies: [
        "Cassandra", "CassandraAstra", "CQLServer", "CQLWire", "HTTP", "Reactor", "Telemetry", "Terminal", "Web",
        "WebCassandra",
      ],
      swiftSettings: common),
    .executableTarget(name: "FieldGuideCommand", dependencies: ["FieldGuide", "Terminal"], swiftSettings: common),

    .executableTarget(
      name: "CQLNodeCommand", dependencies: ["CQLServer", "Reactor", "Telemetry", "Terminal"], swiftSettings: common),

    .target(
      name: "CassandraTesting",
      dependencies: [
        "Bytes", "COpenSSL", "CQLLanguage", "CQLServer", "CQLWire", "CZip", "HTTP", "JSON", "Reactor", "Telemetry",
        "Web",
      ],
      swiftSettings: common),

    .executableTarget(
      name: "AstraEmulatorCommand",
      dependencies: ["CQLServer", "CQLWire", "Cassandra", "CassandraTesting", "Reactor", "Telemetry", "Terminal"],
      swiftSettings: common),

    // What the tests of servers share; no product.
    .target(
      name: "WebTesting", dependencies: ["Reactor", "Telemetry"], path: "Tests/WebTesting", swiftSettings: common),

    .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: common),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "Bytes"], swiftSettings: common),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Bytes"], swiftSettings: common),
    .testTarget(
      name: "CQLWireTests", dependencies: ["CQLWire", "Bytes", "JSON"], exclude: ["Scripts"],
      resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(
      name: "CQLLanguageTests", dependencies: ["CQLLanguage"], exclude: ["Corpus"], swiftSettings: common),
    .testTarget(
      name: "CQLEngineTests", dependencies: ["CQLEngine", "CQLLanguage", "CQLWire", "CSQLite", "Bytes"],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(
      name: "CQLServerTests",
      dependencies: ["CQLServer", "Bytes", "CQLEngine", "CQLWire", "CassandraTesting", "Reactor", "Telemetry"],
      exclude: ["Differential/Corpus"], swiftSettings: common),
    .testTarget(
      name: "WebTests",
      dependencies: ["Web", "HTTP", "JSON", "Reactor", "CassandraTesting", "Telemetry", "WebTesting"],
      swiftSettings: common),
    .testTarget(
      name: "FieldGuideTests",
      dependencies: [
        "FieldGuide", "CQLServer", "CQLWire", "Cassandra", "CassandraAstra", "CassandraTesting", "HTTP", "JSON",
        "Reactor", "Telemetry", "Terminal", "Web", "WebTesting",
      ],
      swiftSettings: common),
    .testTarget(
      name: "WebCassandraTests",
      dependencies: ["WebCassandra", "Cassandra", "CQLWire", "HTTP", "Reactor", "Telemetry", "Web", "WebTesting"],
      swiftSettings: common),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal"], swiftSettings: common),
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: common),
    .testTarget(
      name: "CassandraTests",
      dependencies: ["Bytes", "CQLWire", "Cassandra", "CassandraTesting", "Reactor", "Telemetry"],
      swiftSettings: common),
    .testTarget(
      name: "CassandraTestingTests",
      dependencies: [
        "Bytes", "COpenSSL", "CQLServer", "CQLWire", "CZip", "Cassandra", "CassandraTesting", "HTTP", "JSON", "Reactor",
        "Telemetry",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraAstraTests",
      dependencies: [
        "Bytes", "CQLWire", "CZip", "Cassandra", "CassandraAstra", "CassandraTesting", "HTTP", "Reactor", "Telemetry",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraFoundationTests", dependencies: ["CassandraFoundation", "CQLWire"], swiftSettings: common),
    .testTarget(
      name: "CassandraIntegrationTests", dependencies: ["CQLWire", "Cassandra", "Reactor", "Telemetry"],
      swiftSettings: common),
    .testTarget(
      name: "ReactorTests", dependencies: ["Reactor", "CassandraTesting", "Telemetry"], swiftSettings: common),
  ]
)
