import CassandraBytes
import CassandraWire

/// Lists that are bound with null among their elements, which are no values of their type.
///
/// Cassandra reads the elements of a list that is bound and writes them anew. So an element of no bytes becomes null where
/// its type has no such value, and a list that is kept as a whole may have null in it, as long as it is neither within
/// another value nor in a key.
extension WriteBinder {
  /// The value of a column, or what is added to it.
  func value(_ expression: Expression, of column: Column) throws(EngineFailure) -> CellValue {
    guard let elements = elementsWithNull(expression, of: column), case .list(let type) = column.wire else {
      return try evaluator.value(expression)
    }
    for case let element? in elements { try ValueCheck.validate(element.span, type) }
    guard !column.type.isMultiCell else {
      // This is what Cassandra stumbles at.
      throw EngineFailure(
        .serverError,
        "java.lang.NullPointerException: Cannot invoke \"java.nio.ByteBuffer.remaining()\" because \"value\" is null")
    }
    var canonical: [ArraySlice<UInt8>?] = []
    canonical.reserveCapacity(elements.count)
    for element in elements {
      guard let element else {
        canonical.append(nil)
        continue
      }
      canonical.append(try CanonicalValue.value(element, type))
    }
    return .bytes(Parts.list(canonical)[...])
  }

  /// What is taken away from a collection: null is no element that is there.
  func discarded(_ expression: Expression, from column: Column) throws(EngineFailure) -> CellValue {
    do throws(EngineFailure) {
      return try evaluator.value(expression)
    } catch {
      guard column.type.isMultiCell, let elements = elementsWithNull(expression, of: column) else { throw error }
      return .bytes(Parts.collection(elements.compactMap { $0 })[...])
    }
  }

  /// Refuses the rows of a write whose key is a list with null in it.
  func checkKeys(_ plan: WritePlan) throws(EngineFailure) {
    guard plan.table.hasListKeys else { return }
    for restriction in plan.partitionKey + plan.clustering {
      guard case .equal(let values) = restriction.kind else { continue }
      for (value, column) in zip(values, restriction.columns) where elementsWithNull(value, of: column) != nil {
        throw EngineFailure.invalid("Null value read when not allowed")
      }
    }
  }

  /// The elements of a list that is bound to a column, where null is one of them.
  private func elementsWithNull(_ expression: Expression, of column: Column) -> [ArraySlice<UInt8>?]? {
    guard case .list(let type) = column.wire, case .marker(let index, _) = expression,
      case .bytes(let whole) = evaluator.bindings.given(index), var elements = Parts.elementsOrNulls(whole[...])
    else { return nil }
    if Self.hasNoEmptyValue(type) {
      for (place, element) in elements.enumerated() where element?.isEmpty == true { elements[place] = nil }
    }
    return elements.contains(nil) ? elements : nil
  }

  /// Whether bytes of which there are none are no value of a type, and yet taken as one.
  private static func hasNoEmptyValue(_ type: CQLType) -> Bool {
    switch type {
    case .int, .bigint, .float, .double, .boolean, .varint, .decimal, .timestamp, .uuid, .timeuuid, .inet: true
    default: false
    }
  }
}
