import CQLLanguage
import CassandraWire

/// A SELECT that has been checked against one version of the schema: what is left is to bind values and to read.
final class SelectPlan: Sendable {
  /// Where rows are looked for.
  enum Partitions: Sendable {
    /// In the partitions with these keys: one restriction by equality or IN for each column of the key.
    case keys([Restriction])
    /// In those with tokens in a range.
    case tokens(Restriction)
    /// In all.
    case all
    /// Where an index says.
    case index(TableNumber, IndexValue, Column)
  }

  /// What an index is asked for.
  enum IndexValue: Sendable {
    /// A value of a type, which is looked for as the index compares texts.
    case value(Expression, CQLType, TextAnalysis?)
    /// An entry of a map.
    case entry(key: Expression, CQLType, value: Expression, CQLType)
  }

  /// What a row of the result consists of.
  enum Outputs: Sendable {
    /// The values in these slots.
    case slots([Int])
    /// What these expressions compute.
    case expressions([Expression])
  }

  let table: Table
  let finishedShape: FinishedShape
  let outputs: Outputs
  let columns: [ColumnSpecification]
  let aggregates: [AggregateCall]
  /// The keys between brackets in what is selected.
  let selectedKeys: [SelectedKey]
  /// What the rows are grouped by.
  let grouping: Grouping?
  let partitions: Partitions
  /// What is said of the token beside keys or an index.
  let token: Restriction?
  /// The restrictions of the leading clustering columns, which make ranges of records.
  let clustering: [Restriction]
  let filters: [Filter]
  let isReversed: Bool
  let isDistinct: Bool
  /// The clustering columns by which rows of several partitions have to be sorted; empty when they need not be.
  let sortColumns: [Column]
  /// The vector whose neighbours are wanted, and in which column.
  let neighbours: NeighbourOrder?
  let limit: Expression?
  let perPartitionLimit: Expression?
  /// Warnings that each run of the statement gives.
  let warnings: [String]
  /// The masked columns about which the statement says something.
  let restrictedMasks: [String]
  /// Whether all columns of the primary key are restricted by equality.
  let namesOneRow: Bool
  /// The restrictions of the partition key when the statement reads one row and nothing has to be decided about it but
  /// whether it is there.
  let pointKey: [Restriction]?
  /// How often a row of the result has the column of which it has the most: an answer may be so many times as long as what
  /// is read for it.
  let repetition: Int
  /// How many elements and slices of collections are selected, each of which goes over a collection.
  let elementCount: Int

  init(
    table: Table, shape: RowShape, outputs: Outputs, columns: [ColumnSpecification], aggregates: [AggregateCall],
    selectedKeys: [SelectedKey], grouping: Grouping?, partitions: Partitions, token: Restriction?,
    clustering: [Restriction], filters: [Filter],
    isReversed: Bool,
    isDistinct: Bool,
    sortColumns: [Column], neighbours: NeighbourOrder?, limit: Expression?, perPartitionLimit: Expression?,
    warnings: [String], restrictedMasks: [String]
  ) {
    self.table = table
    finishedShape = FinishedShape(shape)
    self.outputs = outputs
    self.columns = columns
    self.aggregates = aggregates
    self.selectedKeys = selectedKeys
    self.grouping = grouping
    self.partitions = partitions
    self.token = token
    self.clustering = clustering
    self.filters = filters
    self.isReversed = isReversed
    self.isDistinct = isDistinct
    self.sortColumns = sortColumns
    self.neighbours = neighbours
    self.limit = limit
    self.perPartitionLimit = perPartitionLimit
    self.warnings = warnings
    var references = ColumnReferences(slots: shape.columns.count)
    references.add(outputs)
    repetition = max(1, references.counts.max() ?? 1)
    elementCount = references.elementCount
    self.restrictedMasks = restrictedMasks
    let namesOneRow = clustering.count == table.clustering.count && clustering.allSatisfy(\.isEquality)
    self.namesOneRow = namesOneRow
    // A bound tuple may have fewer fields than there are columns.
    let isOfValues = clustering.allSatisfy { restriction in
      guard case .equal(let values) = restriction.kind, case .field? = values.first else { return true }
      return false
    }
    if case .keys(let key) = partitions, token == nil, case .slots = outputs, key.allSatisfy(\.isEquality), namesOneRow,
      isOfValues,
      filters.isEmpty, aggregates.isEmpty, neighbours == nil, limit == nil, perPartitionLimit == nil, !isDistinct,
      !table.hasStatics,
      !table.isVirtual
    {
      pointKey = key
    } else {
      pointKey = nil
    }
  }

  /// The columns that are read.
  var shape: RowShape { finishedShape.shape }

  /// What is read and how, for traces.
  var activity: String {
    let way =
      switch partitions {
      case .keys(let keys): keys.allSatisfy(\.isEquality) ? "a partition" : "partitions by their keys"
      case .tokens: "a range of tokens"
      case .all: "all partitions"
      case .index(_, _, let column): "what the index on \(column.name) names"
      }
    let order = neighbours.map { " for the neighbours of a vector in \($0.column.name)" } ?? ""
    return "\(table.qualifiedName): \(way)\(order)\(filters.isEmpty ? "" : ", filtered")"
  }

  /// Whether rows of several partitions have to be sorted.
  var sortsPartitions: Bool { !sortColumns.isEmpty }

  /// Whether a row of the result is made of many rows: of those of a group, or of all.
  var isAggregate: Bool { !aggregates.isEmpty || grouping != nil }
}
