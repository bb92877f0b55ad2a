import CQLLanguage

/// Calls of what users have declared.
enum UserFunctions {
  /// Refuses the call of a function or an aggregate that the keyspace has: nothing runs them.
  static func refuseCall(_ name: QualifiedName, in keyspace: Keyspace) throws(EngineFailure) {
    guard name.keyspace.map({ $0.name == keyspace.name }) ?? true else { return }
    let text = name.name.name
    let what: String
    if !keyspace.functions(named: text).isEmpty {
      what = "function"
    } else if !keyspace.aggregates(named: text).isEmpty {
      what = "aggregate"
    } else {
      return
    }
    throw EngineFailure.invalid(
      "The \(what) \(keyspace.name).\(text) is declared, but this node has no Java to run it with; see the list of "
        + "differences in its documentation")
  }
}
