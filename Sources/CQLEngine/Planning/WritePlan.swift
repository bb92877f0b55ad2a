import CQLLanguage
import CassandraWire

/// What a write does to a column.
enum WriteOperation: Sendable {
  /// Gives it a value, or all elements in place of those it has.
  case set(Column, Expression)
  /// Adds elements: behind those of a list, among those of a set, as entries of a map.
  case append(Column, Expression)
  /// Adds elements in front of those of a list.
  case prepend(Column, Expression)
  /// Takes away elements of a list or set, or keys of a map.
  case discard(Column, Expression)
  /// Sets the element of a list with this index, or the entry of a map with this key.
  case setElement(Column, key: Expression, Expression)
  /// Sets a field of a user type.
  case setField(Column, Int, Expression)
  /// Takes away the element of a list with this index, the entry of a map or the element of a set with this key.
  case deleteElement(Column, key: Expression)
  /// Adds to a counter, or subtracts from it.
  case add(Column, Expression, isNegative: Bool)
  /// Adds to the number or the text that a column has, which only a statement with conditions may do.
  case increase(Column, Expression)

  /// The column.
  var column: Column {
    switch self {
    case .set(let column, _), .append(let column, _), .prepend(let column, _), .discard(let column, _),
      .setElement(let column, _, _), .setField(let column, _, _), .deleteElement(let column, _),
      .add(let column, _, _), .increase(let column, _):
      column
    }
  }

  /// Whether what it does depends on what is there.
  var readsFirst: Bool {
    if case .increase = self { return true }
    guard case .list = column.wire, column.type.isMultiCell else { return false }
    switch self {
    case .discard, .setElement, .deleteElement: return true
    default: return false
    }
  }
}

/// A condition of a conditional write.
enum WriteCondition: Sendable {
  /// `IF EXISTS`.
  case exists
  /// `IF NOT EXISTS`.
  case notExists
  /// `IF a = 1 AND …`.
  case columns([PlannedColumnCondition])
}

extension WriteCondition {
  /// Whether it has to know a row, and not only the static columns.
  var isAboutRows: Bool {
    if case .columns(let conditions) = self { conditions.contains { $0.column.kind == .regular } } else { false }
  }
}

/// One condition on a column.
struct PlannedColumnCondition: Sendable {
  /// Which part of the column.
  enum Part: Sendable {
    /// All of it.
    case whole
    /// The element with this index or key.
    case element(Expression)
    /// This field.
    case field(Int)
  }

  /// How it is compared.
  enum Test: Sendable {
    /// With a value.
    case compares(Relation.Operator, Expression)
    /// With several.
    case isIn(InValues)
  }

  /// The column.
  let column: Column
  /// Which part of it.
  let part: Part
  /// The type of the part.
  let type: CQLType
  /// How it is compared.
  let test: Test
}

/// An INSERT, UPDATE or DELETE that has been checked against one version of the schema.
final class WritePlan: Sendable {
  /// The kinds of writes.
  enum Kind: Sendable, Hashable {
    case insert, update, delete
  }

  let kind: Kind
  let table: Table
  /// Restrictions by equality or IN, one for each column of the partition key.
  let partitionKey: [Restriction]
  /// Restrictions of leading clustering columns; a slice only in DELETE.
  let clustering: [Restriction]
  let operations: [WriteOperation]
  let timestamp: Expression?
  let timeToLive: Expression?
  let condition: WriteCondition?
  /// Where the values of an `INSERT … JSON ?` come from.
  let json: JSONInsert?
  /// What an INSERT or UPDATE of one row, named by its whole primary key, sets in columns of one cell each; nil for other
  /// writes. There are many of these, and they have a short way of their own.
  let pointCells: [PointCell]?

  /// A column of one cell that is set, and to what.
  struct PointCell: Sendable {
    let column: Column
    let value: Expression
  }

  init(
    kind: Kind, table: Table, partitionKey: [Restriction], clustering: [Restriction], operations: [WriteOperation],
    timestamp: Expression?, timeToLive: Expression?, condition: WriteCondition?, json: JSONInsert? = nil
  ) {
    self.kind = kind
    self.table = table
    self.partitionKey = partitionKey
    self.clustering = clustering
    self.operations = operations
    self.timestamp = timestamp
    self.timeToLive = timeToLive
    self.condition = condition
    self.json = json
    pointCells = Self.pointCells(
      kind, table, partitionKey, clustering, operations, isConditional: condition != nil)
  }

  private static func pointCells(
    _ kind: Kind, _ table: Table, _ partitionKey: [Restriction], _ clustering: [Restriction],
    _ operations: [WriteOperation], isConditional: Bool
  ) -> [PointCell]? {
    guard kind != .delete, !isConditional, !table.hasIndexedVectors, clustering.count == table.clustering.count,
      (partitionKey + clustering).allSatisfy({ $0.isEquality && !$0.isTuple })
    else { return nil }
    var cells: [PointCell] = []
    for operation in operations {
      guard case .set(let column, let value) = operation, column.kind == .regular, !column.type.isMultiCell else {
        return nil
      }
      cells.append(PointCell(column: column, value: value))
    }
    return cells
  }

  /// Whether all clustering columns are restricted by equality or IN.
  var namesRows: Bool {
    clustering.reduce(0) { $0 + $1.columns.count } == table.clustering.count
      && clustering.allSatisfy { $0.isEquality || $0.isIn }
  }

  /// Whether only static columns are touched, and no row is looked at.
  var isStaticOnly: Bool {
    switch kind {
    case .insert: clustering.count < table.clustering.count
    case .update, .delete:
      hasStatics && operations.allSatisfy { $0.column.kind == .static } && !(condition?.isAboutRows ?? false)
    }
  }

  private var hasStatics: Bool { operations.contains { $0.column.kind == .static } }
}
