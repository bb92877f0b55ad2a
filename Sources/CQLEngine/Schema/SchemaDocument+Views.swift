import CQLLanguage
import CassandraWire

extension DocumentWriter {
  mutating func write(_ view: View) {
    write(view.name)
    write(view.id.high)
    write(view.id.low)
    write(view.number.rawValue)
    write(view.partitionKey) { $0.write($1) }
    write(view.clustering) { writer, column in
      writer.write(column.name)
      writer.write(column.isDescending)
    }
    write(view.selected != nil)
    write(view.selected ?? []) { $0.write($1) }
    // Relations are kept as the text that reads back as them.
    write(view.condition)
    write(view.options)
  }
}

extension DocumentReader {
  /// The views of a table; nil when one makes no sense.
  mutating func views(of base: Table.Definition) -> [View]? {
    var views: [View] = []
    for _ in 0..<count() {
      guard let view = view(of: base) else { return nil }
      views.append(view)
    }
    return views
  }

  private mutating func view(of base: Table.Definition) -> View? {
    var view = View(
      name: text(), id: CQLUUID(high: number(), low: number()), number: TableNumber(rawValue: number()),
      partitionKey: (0..<count()).map { _ in text() },
      clustering: (0..<count()).map { _ in View.Clustering(name: text(), isDescending: boolean()) }, selected: nil,
      relations: [], filters: [])
    let isSelection = boolean()
    let selected = (0..<count()).map { _ in text() }
    if isSelection { view.selected = selected }
    let condition = text()
    view.options = options()
    do {
      guard case .select(let statement) = try CQLParser.parse("SELECT * FROM t WHERE \(condition)").statement else {
        return nil
      }
      view.relations = statement.relations
      view.filters = try ViewPlanner.filters(statement.relations, Table(base), nil)
    } catch {
      return nil
    }
    return view
  }
}
