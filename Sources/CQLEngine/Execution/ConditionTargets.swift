/// The rows of a partition that have conditions, each once, in the order in which they were named first.
struct ConditionTargets {
  /// The rows with their conditions.
  private(set) var all: [ConditionalRequest.Target] = []
  /// Where in ``all`` a row is, by its clustering bytes; nil is what is static. A batch may have some ten thousand rows.
  private var places: [[UInt8]?: Int] = [:]
  /// Which kinds of conditions each has, so that a further one is not compared with all of them.
  private var kinds: [Kinds] = []

  private struct Kinds {
    var exists = false
    var notExists = false
    var columns = false
  }

  /// Adds a condition of a row; nil is the static columns. Throws Cassandra's refusal of conditions that contradict each
  /// other.
  mutating func add(_ condition: BoundCondition, of row: RowAddress?) throws(EngineFailure) {
    let place = places[row?.clustering] ?? all.count
    if place == all.count {
      places[row?.clustering] = place
      all.append(ConditionalRequest.Target(row: row, conditions: []))
      kinds.append(Kinds())
    }
    if case .columns = condition, kinds[place].exists {
      throw EngineFailure.invalid("Cannot mix IF conditions and IF NOT EXISTS for the same row")
    }
    if case .exists = condition, kinds[place].columns {
      throw EngineFailure.invalid("Cannot mix IF conditions and IF EXISTS for the same row")
    }
    switch condition {
    case .exists: kinds[place].exists = true
    case .notExists: kinds[place].notExists = true
    case .columns: kinds[place].columns = true
    }
    all[place].conditions.append(condition)
    guard kinds[place].notExists else { return }
    if kinds[place].exists {
      throw EngineFailure.invalid("Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row")
    }
    if kinds[place].columns {
      throw EngineFailure.invalid("Cannot mix IF conditions and IF NOT EXISTS for the same row")
    }
  }
}
