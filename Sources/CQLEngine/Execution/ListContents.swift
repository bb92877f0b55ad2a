import CassandraBytes
import CassandraWire

/// Reads the lists that the writes of one request change by index or by value, and what they add to, each once: a batch may change a long one in
/// many statements. As in Cassandra, all of them see what was there before the request.
final class ListReader {
  private struct Place: Hashable {
    var table: TableNumber
    var key: [UInt8]
    var columns: Set<ColumnID>
    var wantsValues: Bool
  }

  /// Bytes of lists that one request may read before it writes: 256 MiB. The one thread that writes does nothing else then.
  private static let maximumReadBytes = 256 << 20
  /// Bytes of lists that are kept meanwhile: 32 MiB.
  private static let maximumKeptBytes = 32 << 20

  private let reader: Reader
  private var known: [Place: ListContents] = [:]
  private var keptBytes = 0
  private var readBytes = 0

  init(_ reader: Reader) { self.reader = reader }

  /// What the operations want of the record at a key.
  func contents(
    _ operations: [BoundOperation], _ key: [UInt8], _ table: Table, now: Int64
  ) throws(WriteRefusal) -> ListContents {
    // Of an element that is looked for by its index, the value does not matter.
    let place = Place(
      table: table.number, key: key, columns: Set(operations.filter(\.readsFirst).map(\.column.id)),
      wantsValues: operations.contains { operation in
        switch operation {
        case .listDiscard, .increase: true
        default: false
        }
      })
    if let found = known[place] { return found }
    let contents: ListContents
    do throws(StorageError) {
      contents = try ListContents(place.columns, key, table, reader, now: now, wantsValues: place.wantsValues)
    } catch {
      throw .storage(error)
    }
    readBytes += contents.byteCount
    guard readBytes <= Self.maximumReadBytes else {
      throw .invalid(
        EngineFailure.invalid(
          "The request looks into lists of more than \(Self.maximumReadBytes) bytes: change fewer at a time"))
    }
    keptBytes += contents.byteCount
    if keptBytes > Self.maximumKeptBytes {
      known.removeAll()
      keptBytes = contents.byteCount
    }
    known[place] = contents
    return contents
  }
}

/// The elements of lists of one record.
final class ListContents {
  private typealias Element = (path: Range<Int>, value: Range<Int>)

  /// Of no record.
  static var nothing: ListContents { ListContents() }

  /// Where path and value of each element stand in `bytes`: a list may have so many that an array for each costs more than
  /// to read them.
  private var elements: [ColumnID: [Element]] = [:]
  private var bytes: [UInt8] = []
  /// Which elements have a value, by its ordered bytes; put in order when it is asked a second time.
  private var places: [ColumnID: [[UInt8]: [Int]]] = [:]
  private var asked: Set<ColumnID> = []
  /// About how many bytes it takes.
  fileprivate var byteCount: Int {
    bytes.count + elements.values.reduce(0) { $0 + $1.count } * MemoryLayout<Element>.size
  }

  private init() {}

  fileprivate init(
    _ columns: Set<ColumnID>, _ key: [UInt8], _ table: Table, _ reader: Reader, now: Int64, wantsValues: Bool
  ) throws(StorageError) {
    var found: [ColumnID: [Element]] = [:]
    var kept: [UInt8] = []
    _ = try reader.record(table.number, key, now: now) { record throws(StorageError) in
      var position = record.start
      while let cell = try record.next(&position) {
        guard columns.contains(cell.column), cell.timestamp > table.hiddenThrough[cell.column] ?? .min else {
          continue
        }
        let start = kept.count
        kept.append(copying: record.path(of: cell))
        let middle = kept.count
        if wantsValues { kept.append(copying: record.value(of: cell)) }
        found[cell.column, default: []].append((start..<middle, middle..<kept.count))
      }
    }
    elements = found
    bytes = kept
  }

  /// The value of a column of one cell.
  func value(of column: Column) -> ArraySlice<UInt8>? { elements[column.id]?.first.map { bytes[$0.value] } }

  /// The path of the element at an index.
  func path(at index: Int, of column: Column, isDeletion: Bool) throws(WriteRefusal) -> [UInt8] {
    let verb = isDeletion ? "delete an element from" : "set an element on"
    guard let list = elements[column.id] else {
      throw .invalid(EngineFailure.invalid("Attempted to \(verb) a list which is null"))
    }
    guard index >= 0, index < list.count else {
      throw .invalid(EngineFailure.invalid("List index \(index) out of bound, list has size \(list.count)"))
    }
    return Array(bytes[list[index].path])
  }

  /// The paths of all elements that have one of these values, in their order.
  func paths(of keys: Set<[UInt8]>, _ column: Column) -> [[UInt8]] {
    guard case .list(let type) = column.wire, let list = elements[column.id] else { return [] }
    if asked.insert(column.id).inserted {
      return list.compactMap { element in
        guard let key = try? ValueOrder.key(bytes[element.value], type), keys.contains(key) else { return nil }
        return Array(bytes[element.path])
      }
    }
    let known = places[column.id] ?? Self.order(list, bytes, type)
    places[column.id] = known
    return keys.flatMap { known[$0] ?? [] }.sorted().map { Array(bytes[list[$0].path]) }
  }

  private static func order(_ list: [Element], _ bytes: [UInt8], _ type: CQLType) -> [[UInt8]: [Int]] {
    var places: [[UInt8]: [Int]] = [:]
    for (index, element) in list.enumerated() {
      guard let key = try? ValueOrder.key(bytes[element.value], type) else { continue }
      places[key, default: []].append(index)
    }
    return places
  }
}
