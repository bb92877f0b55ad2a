import CQLLanguage
import CassandraWire

/// Views in the documents of their tables.
extension View {
  func write(to writer: inout DocumentWriter) {
    writer.write(name)
    writer.write(id.high)
    writer.write(id.low)
    writer.write(number.rawValue)
    writer.write(partitionKey) { $0.write($1) }
    writer.write(clustering) { writer, column in
      writer.write(column.name)
      writer.write(column.isDescending)
    }
    writer.write(selected != nil)
    writer.write(selected ?? []) { $0.write($1) }
    // Relations are kept as the text that reads back as them.
    writer.write(condition)
    writer.write(options)
  }

  /// The views of a table; nil when one makes no sense.
  static func views(of base: Table.Definition, from reader: inout DocumentReader) -> [View]? {
    var views: [View] = []
    for _ in 0..<reader.count() {
      guard let view = view(of: base, from: &reader) else { return nil }
      views.append(view)
    }
    return views
  }

  private static func view(of base: Table.Definition, from reader: inout DocumentReader) -> View? {
    var view = View(
      name: reader.text(), id: CQLUUID(high: reader.number(), low: reader.number()),
      number: TableNumber(rawValue: reader.number()),
      partitionKey: (0..<reader.count()).map { _ in reader.text() },
      clustering: (0..<reader.count()).map { _ in
        View.Clustering(name: reader.text(), isDescending: reader.boolean())
      }, selected: nil, relations: [], filters: [])
    let isSelection = reader.boolean()
    let selected = (0..<reader.count()).map { _ in reader.text() }
    if isSelection { view.selected = selected }
    let condition = reader.text()
    view.options = reader.options()
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
