// swift-tools-version: 6.2
import PackageDescription

/// Set in our own CI: warnings are errors there, and never in the build of a package that depends on this one.
let isStrict = Context.environment["CASSANDRA_STRICT"] != nil

let common: [SwiftSetting] =
  [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// For the targets that read bytes from strangers: every unsafe expression has to be marked, and there are next to none.
let strict: [SwiftSetting] = common + [.strictMemorySafety()]

/// For the targets that lend views of memory: of a page's cells, and of the database's records.
let lifetimes: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes")]

let package = Package(
  name: "swift-cassandra",
  // InlineArray is there from macOS 26 on.
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "astra-emulator", targets: ["CassandraAstraEmulatorCommand"]),
    .executable(name: "cql-node", targets: ["CQLNodeCommand"]),
    .executable(name: "fieldguide", targets: ["FieldGuideCommand"]),
    .library(name: "CQLNode", targets: ["CQLNode"]),
    .library(name: "Cassandra", targets: ["Cassandra"]),
    .library(name: "CassandraAstra", targets: ["CassandraAstra"]),
    .library(name: "CassandraFoundation", targets: ["CassandraFoundation"]),
    .library(name: "CassandraHTTPServer", targets: ["CassandraHTTPServer"]),
    .library(name: "CassandraTesting", targets: ["CassandraTesting"]),
    .library(name: "CassandraWeb", targets: ["CassandraWeb"]),
  ],
  targets: [
    // The system's libraries.
    .systemLibrary(name: "CCassandraUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(
      name: "CCassandraOpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(name: "CCassandraLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(
      name: "CCassandraSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .systemLibrary(name: "CCassandraZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .systemLibrary(
      name: "CCassandraNghttp2", pkgConfig: "libnghttp2",
      providers: [.apt(["libnghttp2-dev"]), .brew(["libnghttp2"])]),
    .systemLibrary(name: "CCassandraZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // Only of Linux: macOS has no bcrypt in its own.
    .systemLibrary(name: "CCassandraCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),

    // Without I/O.
    .target(name: "CassandraBytes", swiftSettings: strict),
    .target(name: "CassandraJSON", dependencies: ["CassandraBytes"], swiftSettings: strict),
    .target(name: "CassandraHTTP", dependencies: ["CassandraBytes"], swiftSettings: strict),
    .target(
      name: "CassandraWire", dependencies: ["CassandraBytes", "CCassandraLZ4", "CCassandraZlib"],
      swiftSettings: lifetimes),
    .target(
      name: "CassandraRowJSON", dependencies: ["CassandraBytes", "CassandraJSON", "CassandraWire"],
      swiftSettings: strict),
    .target(name: "CQLLanguage", dependencies: ["CassandraBytes"], swiftSettings: strict),

    // The node's database: no event loop of its own, one thread that writes.
    .target(
      name: "CQLEngine",
      dependencies: [
        "CassandraBytes", "CQLLanguage", "CassandraWire", "CCassandraSQLite", "CCassandraOpenSSL",
        .target(name: "CCassandraCrypt", condition: .when(platforms: [.linux])),
      ],
      swiftSettings: lifetimes),

    // On event loops.
    .target(name: "CassandraTelemetry", dependencies: ["CassandraBytes"], swiftSettings: common),
    .target(
      name: "CassandraReactor",
      dependencies: ["CassandraBytes", "CCassandraUV", "CCassandraOpenSSL", "CassandraTelemetry"],
      swiftSettings: common),
    .target(
      name: "CassandraHTTPServer",
      dependencies: [
        "CassandraBytes", "CassandraHTTP", "CassandraJSON", "CassandraReactor", "CassandraTelemetry",
        "CCassandraNghttp2",
        "CCassandraZlib",
      ],
      swiftSettings: common),
    .target(
      name: "Cassandra", dependencies: ["CassandraBytes", "CassandraWire", "CassandraReactor", "CassandraTelemetry"],
      swiftSettings: common),
    .target(
      name: "CQLNode",
      dependencies: [
        "CassandraBytes", "CQLEngine", "CQLLanguage", "CassandraWire", "CassandraReactor", "CassandraTelemetry",
      ],
      swiftSettings: common),

    .target(
      name: "CassandraAstra",
      dependencies: [
        "CassandraBytes", "CassandraWire", "CCassandraZip", "Cassandra", "CassandraHTTP", "CassandraJSON",
        "CassandraReactor", "CassandraTelemetry",
      ],
      swiftSettings: common),
    .target(name: "CassandraFoundation", dependencies: ["Cassandra", "CassandraWire"], swiftSettings: common),

    // Applications.
    .target(
      name: "CassandraWeb",
      dependencies: [
        "CassandraBytes", "Cassandra", "CassandraWire", "CassandraHTTP", "CassandraHTTPServer", "CassandraJSON",
        "CassandraReactor", "CassandraRowJSON", "CassandraTelemetry",
      ],
      swiftSettings: common),
    .target(name: "CassandraTerminal", dependencies: ["CassandraBytes"], swiftSettings: common),
    .target(
      name: "FieldGuide",
      dependencies: [
        "Cassandra", "CassandraAstra", "CassandraBytes", "CQLNode", "CassandraWire", "CassandraHTTP",
        "CassandraReactor", "CassandraTelemetry", "CassandraTerminal", "CassandraHTTPServer",
        "CassandraWeb",
      ],
      swiftSettings: common),
    .executableTarget(
      name: "FieldGuideCommand", dependencies: ["FieldGuide", "CassandraTerminal"], swiftSettings: common),

    .executableTarget(
      name: "CQLNodeCommand", dependencies: ["CQLNode", "CassandraReactor", "CassandraTelemetry", "CassandraTerminal"],
      swiftSettings: common),

    .target(
      name: "CassandraTesting",
      dependencies: [
        "Cassandra", "CassandraBytes", "CCassandraOpenSSL", "CQLLanguage", "CQLNode", "CassandraWire", "CCassandraZip",
        "CassandraHTTP", "CassandraJSON", "CassandraReactor", "CassandraTelemetry",
        "CassandraHTTPServer",
      ],
      swiftSettings: common),

    .executableTarget(
      name: "CassandraAstraEmulatorCommand",
      dependencies: [
        "CQLNode", "CassandraWire", "Cassandra", "CassandraTesting", "CassandraReactor", "CassandraTelemetry",
        "CassandraTerminal",
      ],
      swiftSettings: common),

    // What the tests of servers share; no product.
    .target(
      name: "CassandraWebTesting", dependencies: ["CassandraReactor", "CassandraTelemetry"],
      path: "Tests/CassandraWebTesting",
      swiftSettings: common),

    // Numbers that a seed repeats, for tests.
    .target(name: "CassandraDice", path: "Tests/CassandraDice", swiftSettings: common),

    // Started by the tests of the server; no product.
    .executableTarget(
      name: "ServerProgram", dependencies: ["CassandraHTTPServer"], path: "Tests/ServerProgram",
      swiftSettings: common),

    .testTarget(name: "CassandraBytesTests", dependencies: ["CassandraBytes"], swiftSettings: common),
    .testTarget(
      name: "CassandraJSONTests", dependencies: ["CassandraDice", "CassandraJSON", "CassandraBytes"],
      swiftSettings: common),
    .testTarget(
      name: "CassandraHTTPTests", dependencies: ["CassandraDice", "CassandraHTTP", "CassandraBytes"],
      swiftSettings: common),
    .testTarget(
      name: "CassandraWireTests",
      dependencies: ["CassandraDice", "CassandraWire", "CassandraBytes", "CassandraJSON", "CassandraRowJSON"],
      exclude: ["Scripts"],
      resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(
      name: "CQLLanguageTests", dependencies: ["CassandraDice", "CQLLanguage"], exclude: ["Corpus"],
      swiftSettings: common),
    .testTarget(
      name: "CQLEngineTests",
      dependencies: [
        "CassandraDice", "CQLEngine", "CQLLanguage", "CassandraWire", "CCassandraSQLite", "CassandraBytes",
      ],
      swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
    .testTarget(
      name: "CQLNodeTests",
      dependencies: [
        "CassandraDice",
        "CQLNode", "CassandraBytes", "CQLEngine", "CassandraWire", "CassandraTesting", "CassandraReactor",
        "CassandraTelemetry", "CassandraRowJSON",
      ],
      exclude: ["Differential/Access", "Differential/Corpus", "Differential/Prepared"], swiftSettings: common),
    .testTarget(
      name: "CassandraHTTPServerTests",
      dependencies: [
        "CassandraDice",
        "CassandraHTTPServer", "CassandraHTTP", "CassandraJSON", "CassandraReactor", "CassandraTesting",
        "CassandraTelemetry", "CassandraWebTesting", "CCassandraNghttp2",
      ],
      swiftSettings: common),
    .testTarget(
      name: "FieldGuideTests",
      dependencies: [
        "FieldGuide", "CQLNode", "CassandraWire", "Cassandra", "CassandraAstra", "CassandraTesting", "CassandraHTTP",
        "CassandraJSON",
        "CassandraReactor", "CassandraTelemetry", "CassandraTerminal", "CassandraHTTPServer", "CassandraWeb",
        "CassandraWebTesting",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraWebTests",
      dependencies: [
        "CassandraWeb", "Cassandra", "CassandraWire", "CassandraHTTP", "CassandraReactor", "CassandraTelemetry",
        "CassandraHTTPServer", "CassandraWebTesting",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraTerminalTests", dependencies: ["CassandraTerminal", "CassandraBytes"], swiftSettings: common),
    .testTarget(name: "CassandraTelemetryTests", dependencies: ["CassandraTelemetry"], swiftSettings: common),
    .testTarget(
      name: "CassandraTests",
      dependencies: [
        "CassandraBytes", "CassandraDice", "CassandraWire", "Cassandra", "CassandraTesting", "CassandraReactor",
        "CassandraTelemetry",
      ],
      exclude: ["Scripts"], resources: [.copy("Fixtures")], swiftSettings: common),
    .testTarget(
      name: "CassandraTestingTests",
      dependencies: [
        "CassandraBytes", "CCassandraOpenSSL", "CQLNode", "CassandraWire", "CCassandraZip", "Cassandra",
        "CassandraTesting", "CassandraHTTP", "CassandraHTTPServer", "CassandraJSON", "CassandraReactor",
        "CassandraTelemetry", "CassandraDice",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraAstraTests",
      dependencies: [
        "CassandraBytes", "CassandraWire", "CCassandraZip", "Cassandra", "CassandraAstra", "CassandraTesting",
        "CassandraHTTP", "CassandraReactor", "CassandraTelemetry",
      ],
      swiftSettings: common),
    .testTarget(
      name: "CassandraFoundationTests", dependencies: ["CassandraFoundation", "CassandraWire"], swiftSettings: common),
    .testTarget(
      name: "CassandraIntegrationTests",
      dependencies: ["CassandraWire", "Cassandra", "CassandraReactor", "CassandraTelemetry"],
      swiftSettings: common),
    .testTarget(
      name: "CassandraReactorTests",
      dependencies: ["CassandraDice", "CassandraReactor", "CassandraTesting", "CassandraTelemetry"],
      swiftSettings: common),
  ]
)

// What measures and what fuzzes sees what is not public, and is nothing that a dependent has to know of: it is part of
// the package where the environment asks for it, as Benchmarks/ and Fuzz/ do.
if Context.environment["CASSANDRA_BENCHMARKS"] != nil {
  package.products += [
    .executable(name: "driver-bench", targets: ["DriverBench"]),
    .executable(name: "cluster-bench", targets: ["ClusterBench"]),
    .executable(name: "storage-bench", targets: ["StorageBench"]),
    .executable(name: "scale-bench", targets: ["ScaleBench"]),
  ]
  package.targets += [
    .target(name: "Measuring", path: "Benchmarks/Sources/Measuring", swiftSettings: common),
    .executableTarget(
      name: "DriverBench",
      dependencies: ["Measuring", "Cassandra", "CassandraWire", "CassandraReactor", "CassandraRowJSON"],
      path: "Benchmarks/Sources/DriverBench", swiftSettings: common),
    .executableTarget(
      name: "ClusterBench", dependencies: ["Measuring", "Cassandra", "CassandraReactor"],
      path: "Benchmarks/Sources/ClusterBench", swiftSettings: common),
    .executableTarget(
      name: "StorageBench", dependencies: ["Measuring", "CQLEngine", "CCassandraSQLite"],
      path: "Benchmarks/Sources/StorageBench", swiftSettings: common),
    .executableTarget(
      name: "ScaleBench", dependencies: ["Measuring", "Cassandra", "CassandraHTTPServer", "CassandraReactor"],
      path: "Benchmarks/Sources/ScaleBench", swiftSettings: common),
  ]
  // It sends by the timers of Linux, which are exact to some microseconds.
  #if os(Linux)
    package.products.append(.executable(name: "load-bench", targets: ["LoadBench"]))
    package.targets += [
      .systemLibrary(name: "CEpoll", path: "Benchmarks/Sources/CEpoll"),
      .executableTarget(
        name: "LoadBench", dependencies: ["CEpoll", "Measuring", "CassandraBytes", "CassandraHTTP"],
        path: "Benchmarks/Sources/LoadBench", swiftSettings: common),
    ]
  #endif
}

if Context.environment["CASSANDRA_FUZZERS"] != nil {
  func fuzzer(_ name: String, of targets: Target.Dependency...) -> Target {
    .executableTarget(
      name: name, dependencies: ["FuzzDriver"] + targets, path: "Fuzz/Sources/\(name)", swiftSettings: common)
  }
  package.targets += [
    .target(name: "FuzzDriver", path: "Fuzz/Sources/FuzzDriver", swiftSettings: common),
    fuzzer("FuzzJSON", of: "CassandraJSON", "CassandraBytes"),
    fuzzer("FuzzHTTPRequest", of: "CassandraHTTP"),
    fuzzer("FuzzHTTPResponse", of: "CassandraHTTP"),
    fuzzer("FuzzBundle", of: "CassandraAstra"),
    fuzzer("FuzzCQL", of: "CQLLanguage"),
    fuzzer("FuzzIssued", of: "CQLEngine", "CassandraWire", "CassandraBytes"),
    fuzzer("FuzzPlan", of: "CQLEngine", "CQLLanguage", "CassandraWire"),
    fuzzer("FuzzServer", of: "CQLNode", "CassandraWire", "CassandraTelemetry"),
    fuzzer("FuzzWireRequest", of: "CassandraWire"),
    fuzzer("FuzzWireResponse", of: "CassandraWire"),
    fuzzer("FuzzWireValue", of: "CassandraWire", "CassandraJSON", "CassandraRowJSON"),
  ]
}

// The snippets of the documentation, as `Scripts/check-docs` takes them out of it: a target for each page, which sees
// what a dependent sees and is built as a dependent's.
if let pages = Context.environment["CASSANDRA_SNIPPETS"]?.split(separator: " ").map(String.init) {
  let products: [Target.Dependency] = [
    "SnippetSupport", "Cassandra", "CassandraAstra", "CassandraFoundation", "CassandraHTTPServer", "CassandraWeb",
    "CassandraTesting", "CQLNode",
  ]
  let folder = ".build/snippets"
  package.targets.append(
    .target(name: "SnippetSupport", dependencies: ["CassandraWeb"], path: "Documentation/Snippets"))
  var runnable: [Target.Dependency] = ["SnippetSupport", "CassandraWeb"]
  for page in pages {
    if page.hasPrefix("test:") {
      let name = String(page.dropFirst("test:".count))
      package.targets.append(
        .testTarget(
          name: name, dependencies: products, path: "\(folder)/\(name)", packageAccess: false))
    } else {
      package.targets.append(
        .target(
          name: page, dependencies: products, path: "\(folder)/\(page)", packageAccess: false))
      runnable.append(.target(name: page))
    }
  }
  package.targets.append(
    .executableTarget(
      name: "RunSnippets", dependencies: runnable, path: "\(folder)/RunSnippets", packageAccess: false))
}
