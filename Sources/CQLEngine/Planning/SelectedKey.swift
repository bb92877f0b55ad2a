/// A key between brackets in what is selected: that of `m[key]`, or one end of `m[from..to]`.
///
/// Cassandra looks at these before it reads anything, so that a wrong one is refused where there are no rows, too.
struct SelectedKey: Sendable {
  /// The term between the brackets.
  let term: Expression
  /// What stands before them.
  let collection: String
  /// Whether it is one end of a slice, which is open where the value is unset.
  let isEnd: Bool

  /// Throws Cassandra's refusal unless there is a value.
  func check(_ evaluator: Evaluator) throws(EngineFailure) {
    switch try evaluator.value(term) {
    case .bytes: break
    case .null:
      throw EngineFailure.invalid("Invalid null value for \(isEnd ? "slice" : "element") selection on \(collection)")
    case .unset:
      guard isEnd else { throw EngineFailure.invalid("Invalid unset value for element selection on \(collection)") }
    }
  }
}
