import CassandraBytes

/// What Cassandra refuses among the options of compaction and compression. The node follows none of them; but a schema that
/// production refuses should not pass here.
enum CompactionOptions {
  /// Throws for a value that the strategy of that name does not take.
  static func check(_ entries: NameMap<String>, of strategy: String) throws(EngineFailure) {
    try checkThresholds(entries)
    if let enabled = entries["enabled"], !["true", "false"].contains(enabled.lowercased()) {
      throw EngineFailure.configuration("enabled should either be 'true' or 'false', not \(enabled)")
    }
    try checkPositive(entries, "tombstone_compaction_interval")
    switch strategy {
    case "LeveledCompactionStrategy":
      try checkBuckets(entries)
      try checkPositive(entries, "sstable_size_in_mb")
      try checkPositive(entries, "fanout_size")
    case "TimeWindowCompactionStrategy": try checkWindows(entries)
    case "UnifiedCompactionStrategy": try checkUnified(entries)
    default: try checkBuckets(entries)
    }
    let known = common + (own[strategy] ?? [])
    let unknown = entries.keys.filter { !known.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw EngineFailure.configuration(
        "Properties specified [\(unknown.joined(separator: ", "))] are not understood by \(strategy)")
    }
  }

  private static let common = [
    "class", "enabled", "min_threshold", "max_threshold", "provide_overlapping_tombstones", "log_all",
    "tombstone_threshold", "tombstone_compaction_interval", "unchecked_tombstone_compaction",
    "only_purge_repaired_tombstones",
  ]
  private static let buckets = ["min_sstable_size", "bucket_low", "bucket_high"]
  private static let own: [String: [String]] = [
    "SizeTieredCompactionStrategy": buckets,
    "LeveledCompactionStrategy": buckets + ["sstable_size_in_mb", "fanout_size", "single_sstable_uplevel"],
    "TimeWindowCompactionStrategy": buckets + [
      "timestamp_resolution", "compaction_window_unit", "compaction_window_size",
      "expired_sstable_check_frequency_seconds", "unsafe_aggressive_sstable_expiration",
    ],
    "UnifiedCompactionStrategy": [
      "scaling_parameters", "target_sstable_size", "min_sstable_size", "flush_size_override", "base_shard_count",
      "expired_sstable_check_frequency_seconds", "unsafe_aggressive_sstable_expiration", "overlap_inclusion_method",
      "sstable_growth", "max_sstables_to_compact",
    ],
  ]

  private static func checkPositive(_ entries: NameMap<String>, _ name: String) throws(EngineFailure) {
    guard let text = entries[name] else { return }
    guard let number = Int64(text) else {
      throw EngineFailure.configuration("\(text) is not a parsable int (base10) for \(name)")
    }
    guard number > 0 else { throw EngineFailure.configuration("\(name) must be greater than 0, but was \(number)") }
  }

  private static func checkWindows(_ entries: NameMap<String>) throws(EngineFailure) {
    for (name, units) in [
      ("timestamp_resolution", ["SECONDS", "MILLISECONDS", "MICROSECONDS", "NANOSECONDS"]),
      ("compaction_window_unit", ["MINUTES", "HOURS", "DAYS"]),
    ] {
      guard let unit = entries[name] else { continue }
      guard units.contains(unit) else { throw EngineFailure.configuration("\(unit) is not valid for \(name)") }
    }
    if let text = entries["compaction_window_size"] {
      guard let size = Int32(text) else {
        throw EngineFailure.configuration("\(text) is not a parsable int (base10) for compaction_window_size")
      }
      guard size >= 1 else {
        throw EngineFailure.configuration("\(size) must be greater than 1 for compaction_window_size")
      }
    }
    try checkBuckets(entries)
  }

  private static func checkThresholds(_ entries: NameMap<String>) throws(EngineFailure) {
    var thresholds: [Int32] = []
    for (name, standard) in [("min_threshold", Int32(4)), ("max_threshold", 32)] {
      guard let text = entries[name] else {
        thresholds.append(standard)
        continue
      }
      guard let number = Int32(text), number >= 0 else {
        throw EngineFailure.configuration(
          "Invalid value \(text) for '\(name)' compaction sub-option - must be an integer")
      }
      thresholds.append(number)
    }
    guard !thresholds.contains(0) else {
      throw EngineFailure.configuration(
        "Disabling compaction by setting compaction thresholds to 0 has been removed, set the compaction option 'enabled' "
          + "to false instead.")
    }
    guard thresholds[0] >= 2 else {
      throw EngineFailure.configuration("Min compaction threshold cannot be less than 2 (got \(thresholds[0]))")
    }
    guard thresholds[0] <= thresholds[1] else {
      throw EngineFailure.configuration(
        "Min compaction threshold (got \(thresholds[0])) cannot be greater than max compaction threshold (got "
          + "\(thresholds[1]))")
    }
  }

  private static func checkBuckets(_ entries: NameMap<String>) throws(EngineFailure) {
    func number(_ name: String, _ standard: Double) throws(EngineFailure) -> Double {
      guard let text = entries[name] else { return standard }
      guard let number = Double(text) else {
        throw EngineFailure.configuration("\(text) is not a parsable float for \(name)")
      }
      return number
    }
    let low = try number("bucket_low", 0.5)
    let high = try number("bucket_high", 1.5)
    guard high > low else {
      throw EngineFailure.configuration(
        "bucket_high value (\(high)) is less than or equal to the bucket_low value (\(low))")
    }
  }

  private static func checkUnified(_ entries: NameMap<String>) throws(EngineFailure) {
    if let text = entries["scaling_parameters"] {
      for part in text.split(ascii: ",") { try checkScaling(part.trimmingBlanks()) }
    }
    if let text = entries["base_shard_count"] {
      guard let count = Int32(text) else {
        throw EngineFailure.configuration("Invalid configuration, base_shard_count should be an integer: \(text)")
      }
      guard count > 0 else {
        throw EngineFailure.configuration("Invalid configuration, base_shard_count should be positive: \(text)")
      }
    }
  }

  /// A parameter is `N`, `L` or `T` with a fan factor of 2 and more, or a number.
  private static func checkScaling(_ part: Substring) throws(EngineFailure) {
    let (kind, digits) = (part.utf8.first, part.utf8.dropFirst())
    if kind == UInt8(ascii: "N"), digits.isEmpty { return }
    if kind == UInt8(ascii: "L") || kind == UInt8(ascii: "T"), !digits.isEmpty,
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    {
      guard let factor = Int32(Substring(digits)), factor >= 2 else {
        throw EngineFailure.configuration("Fan factor cannot be lower than 2 in \(part)")
      }
      return
    }
    guard Int32(part) != nil else {
      throw EngineFailure.configuration("Scaling parameter \(part) must match N|L[0-9]+|T[0-9]+|[+-]?[0-9]+")
    }
  }

  /// Throws for an option of compression that is unknown or has no such value.
  static func checkCompression(_ entries: NameMap<String>) throws(EngineFailure) {
    if let text = entries["chunk_length_in_kb"] {
      guard let length = Int32(text) else {
        throw EngineFailure.configuration("Invalid value for chunk_length_in_kb")
      }
      guard length > 0 else { throw EngineFailure.configuration("Invalid negative or null chunk_length_in_kb") }
      guard length & (length - 1) == 0 else {
        throw EngineFailure.configuration("chunk_length_in_kb must be a power of 2")
      }
    }
    if let text = entries["min_compress_ratio"] {
      guard let ratio = Double(text), ratio == 0 || ratio >= 1 else {
        throw EngineFailure.configuration("min_compress_ratio can either be 0 or greater than or equal to 1")
      }
    }
    let known = [
      "class", "enabled", "chunk_length_in_kb", "min_compress_ratio", "max_compressed_length", "compression_level",
      "lz4_compressor_type", "lz4_high_compressor_level",
    ]
    let unknown = entries.keys.filter { !known.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw EngineFailure.configuration("Unknown compression options \(unknown.joined(separator: ", "))")
    }
    if entries["class"]?.hasSuffix(bytesOf: "ZstdCompressor") ?? false, let text = entries["compression_level"] {
      guard let level = Int32(text), (-131_072...22).contains(level) else {
        throw EngineFailure.configuration(
          "ZstdCompressor.create() threw an error: java.lang.IllegalArgumentException compression_level=\(text) is invalid"
        )
      }
    }
  }
}
