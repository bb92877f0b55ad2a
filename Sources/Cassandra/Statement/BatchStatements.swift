/// The statements of a batch on their way.
public struct BatchStatements {
  var statements: [Statement] = []

  /// Adds a statement at the end.
  public mutating func add(_ statement: Statement) { statements.append(statement) }
}
