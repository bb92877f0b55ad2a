import CassandraBytes
import CQLLanguage
import CassandraWire

/// What stands behind `WITH` of a table: kept and shown, and followed where it means something to this node.
///
/// `default_time_to_live` and `gc_grace_seconds` are followed; the others say how Cassandra's files are made.
struct TableOptions: Sendable, Equatable {
  /// An option whose value is a map, in the order of the keys.
  typealias Entries = NameMap<String>

  var additionalWritePolicy = "99p"
  var allowAutoSnapshot = true
  var bloomFilterFalsePositiveChance = 0.01
  var caching: Entries = ["keys": "ALL", "rows_per_partition": "NONE"]
  var changeDataCapture = false
  var comment = ""
  var compaction: Entries = [
    "class": Self.compactionPackage + "SizeTieredCompactionStrategy", "max_threshold": "32", "min_threshold": "4",
  ]
  var compression: Entries = ["chunk_length_in_kb": "16", "class": Self.compressionPackage + "LZ4Compressor"]
  var memtable = "default"
  var checksumCheckChance = 1.0
  /// Seconds that a cell lives when its write does not say; 0: for ever.
  var defaultTimeToLive: Int32 = 0
  /// Seconds that a deletion is kept.
  var graceSeconds: Int32 = 864_000
  var incrementalBackups = true
  var maximumIndexInterval: Int32 = 2_048
  var memtableFlushPeriod: Int32 = 0
  var minimumIndexInterval: Int32 = 128
  var readRepair = "BLOCKING"
  var speculativeRetry = "99p"

  static let compactionPackage = "org.apache.cassandra.db.compaction."
  static let compressionPackage = "org.apache.cassandra.io.compress."
  /// The most seconds that anything lives: 20 years.
  static let maximumTimeToLive: Int32 = 630_720_000
}

extension TableOptions {
  /// Takes the properties of a statement that makes a table or a view; throws as ``apply(_:)`` does.
  mutating func applyToNew(_ properties: [Property]) throws(EngineFailure) {
    try apply(properties)
    // Files in levels are asked for a key less often, so Cassandra lets their filters be wrong more often; it keeps what a
    // table was made with when its compaction is changed.
    if compaction["class"]?.hasSuffix(bytesOf: "LeveledCompactionStrategy") == true,
      !properties.contains(where: { $0.name.name == "bloom_filter_fp_chance" })
    {
      bloomFilterFalsePositiveChance = 0.1
    }
  }

  /// Takes the properties of a statement; throws Cassandra's refusal of one that is unknown or wrong.
  mutating func apply(_ properties: [Property]) throws(EngineFailure) {
    var seen: Set<ByteText> = []
    for property in properties {
      guard seen.insert(property.name.name).inserted else {
        throw EngineFailure.syntax("Multiple definitions for property '\(property.name.name)'")
      }
    }
    for property in properties { try apply(property) }
    // Cassandra compares what the statement says with the defaults, and not with what the table has.
    let defaults = TableOptions()
    let minimum = seen.contains("min_index_interval") ? minimumIndexInterval : defaults.minimumIndexInterval
    let maximum = seen.contains("max_index_interval") ? maximumIndexInterval : defaults.maximumIndexInterval
    guard maximum >= minimum else {
      throw EngineFailure.configuration(
        "max_index_interval must be greater than or equal to min_index_interval (\(minimum)) (got \(maximum))")
    }
  }

  private mutating func apply(_ property: Property) throws(EngineFailure) {
    let name = property.name.name
    switch name {
    case "comment": comment = try property.text()
    case "additional_write_policy": additionalWritePolicy = try Self.speculation(property)
    case "speculative_retry": speculativeRetry = try Self.speculation(property)
    case "allow_auto_snapshot": allowAutoSnapshot = try property.boolean()
    case "incremental_backups": incrementalBackups = try property.boolean()
    case "cdc": changeDataCapture = try property.boolean()
    case "bloom_filter_fp_chance":
      bloomFilterFalsePositiveChance = try property.number()
      guard bloomFilterFalsePositiveChance > 6.71e-5, bloomFilterFalsePositiveChance <= 1 else {
        throw EngineFailure.configuration(
          "bloom_filter_fp_chance must be larger than 6.71E-5 and less than or equal to 1.0 (got "
            + "\(bloomFilterFalsePositiveChance))")
      }
    case "crc_check_chance":
      checksumCheckChance = try property.number()
      guard (0...1).contains(checksumCheckChance) else {
        throw EngineFailure.configuration(
          "crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got "
            + "\(checksumCheckChance))")
      }
    case "caching": caching = try Self.caching(try property.entries())
    case "compaction": compaction = try Self.compaction(try property.entries())
    case "compression": compression = try Self.compression(try property.entries())
    case "memtable":
      memtable = try property.text()
      guard memtable == "default" else {
        throw EngineFailure.configuration("Memtable configuration \"\(memtable)\" not found.")
      }
    case "default_time_to_live":
      defaultTimeToLive = try property.integer(atLeast: 0)
      guard defaultTimeToLive <= Self.maximumTimeToLive else {
        throw EngineFailure.configuration(
          "default_time_to_live must be less than or equal to \(Self.maximumTimeToLive) (got \(defaultTimeToLive))")
      }
    case "gc_grace_seconds": graceSeconds = try property.integer(atLeast: 0)
    case "max_index_interval": maximumIndexInterval = try property.integer()
    case "min_index_interval": minimumIndexInterval = try property.integer(atLeast: 1)
    case "memtable_flush_period_in_ms": memtableFlushPeriod = try property.integer(atLeast: 0)
    case "read_repair":
      readRepair = try property.text().uppercased()
      guard readRepair == "BLOCKING" || readRepair == "NONE" else {
        throw EngineFailure(
          .serverError,
          "java.lang.IllegalArgumentException: No enum constant "
            + "org.apache.cassandra.service.reads.repair.ReadRepairStrategy.\(readRepair)")
      }
    case "extensions":
      guard try property.entries().isEmpty else { throw EngineFailure.unsupported("The option 'extensions'") }
    case "id": throw EngineFailure.configuration("Cannot alter table id.")
    default: throw EngineFailure.syntax("Unknown property '\(name)'")
    }
  }

  /// A time after which another replica is asked: `99p`, `12ms`, `MIN(99p,5ms)`, `ALWAYS`, `NEVER`.
  private static func speculation(_ property: Property) throws(EngineFailure) -> String {
    let text = try property.text()
    let upper = text.uppercased()
    switch upper {
    case "ALWAYS", "NEVER": return upper
    case "NONE": return "NEVER"
    default: break
    }
    let failure = EngineFailure.configuration(
      "Invalid value \(text) for option '\(property.name.name)'")
    func policy(_ part: Substring) -> String? {
      if part.hasSuffix(bytesOf: "MS"), let number = Double(part.dropLast(bytes: 2)) {
        return "\(Self.plain(number))ms"
      }
      if part.hasSuffix(bytesOf: "PERCENTILE"), let number = Double(part.dropLast(bytes: 10)) {
        return "\(Self.plain(number))p"
      }
      if part.hasSuffix(bytesOf: "P"), let number = Double(part.dropLast(bytes: 1)), number > 0, number < 100 {
        return "\(Self.plain(number))p"
      }
      return nil
    }
    if upper.hasPrefix(bytesOf: "MIN(") || upper.hasPrefix(bytesOf: "MAX("), upper.hasSuffix(bytesOf: ")") {
      let parts = upper.dropFirst(bytes: 4).dropLast(bytes: 1).split(ascii: ",").map { Self.trimmed($0) }
      guard parts.count == 2, let first = policy(parts[0]), let second = policy(parts[1]) else { throw failure }
      return "\(upper.prefix(3))(\(first),\(second))"
    }
    guard let result = policy(upper[...]) else { throw failure }
    return result
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.utf8.first == UInt8(ascii: " ") { text.removeFirst() }
    while text.utf8.last == UInt8(ascii: " ") { text.removeLast() }
    return text
  }

  private static func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }

  private static func caching(_ entries: Entries) throws(EngineFailure) -> Entries {
    var result: Entries = ["keys": "ALL", "rows_per_partition": "NONE"]
    let unknown = entries.keys.filter { result[$0] == nil }.sorted()
    guard unknown.isEmpty else {
      throw EngineFailure.configuration(
        "Invalid caching sub-options [\(unknown.joined(separator: ", "))]: only 'keys' and 'rows_per_partition' are "
          + "allowed")
    }
    if let keys = entries["keys"] {
      guard ["ALL", "NONE"].contains(keys.uppercased()) else {
        throw EngineFailure.configuration(
          "Invalid value '\(keys)' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed")
      }
      result["keys"] = keys.uppercased()
    }
    if let rows = entries["rows_per_partition"] {
      guard ["ALL", "NONE"].contains(rows.uppercased()) || Int32(rows).map({ $0 >= 0 }) ?? false else {
        throw EngineFailure.configuration(
          "Invalid value '\(rows)' for caching sub-option 'rows_per_partition': only 'ALL', 'NONE', and integer values "
            + "are allowed")
      }
      result["rows_per_partition"] = rows.uppercased()
    }
    return result
  }

  private static func compaction(_ entries: Entries) throws(EngineFailure) -> Entries {
    guard let className = entries["class"] else {
      throw EngineFailure.configuration("Missing sub-option 'class' for the 'compaction' option")
    }
    let qualified = className.contains(ascii: ".") ? className : compactionPackage + className
    let known = ["SizeTiered", "Leveled", "TimeWindow", "Unified"].map { compactionPackage + $0 + "CompactionStrategy" }
    guard known.contains(qualified) else {
      throw EngineFailure.configuration("Unable to find compaction strategy class '\(qualified)'")
    }
    try CompactionOptions.check(entries, of: String(qualified.dropFirst(bytes: compactionPackage.utf8.count)))
    var result = entries
    result["class"] = qualified
    if !qualified.hasSuffix(bytesOf: "UnifiedCompactionStrategy") {
      result["max_threshold"] = entries["max_threshold"] ?? "32"
      result["min_threshold"] = entries["min_threshold"] ?? "4"
    }
    return result
  }

  private static func compression(_ entries: Entries) throws(EngineFailure) -> Entries {
    if entries.isEmpty { return ["enabled": "false"] }
    if entries["enabled"]?.lowercased() == "false" {
      guard entries.count == 1 else {
        throw EngineFailure.configuration(
          "If the 'enabled' option is set to false no other options must be specified")
      }
      return ["enabled": "false"]
    }
    var result = entries
    result["enabled"] = nil
    guard let className = entries["class"] else {
      throw EngineFailure.configuration("Missing sub-option 'class' for the 'compression' option.")
    }
    guard !className.isEmpty else { return ["enabled": "false"] }
    try CompactionOptions.checkCompression(entries)
    let qualified = className.contains(ascii: ".") ? className : compressionPackage + className
    let known = ["LZ4", "Snappy", "Deflate", "Zstd", "Noop"].map { compressionPackage + $0 + "Compressor" }
    guard known.contains(qualified) else {
      throw EngineFailure.configuration("Could not create Compression for type \(qualified)")
    }
    result["class"] = qualified
    result["chunk_length_in_kb"] = entries["chunk_length_in_kb"] ?? "16"
    return result
  }
}
