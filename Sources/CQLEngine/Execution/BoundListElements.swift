import CassandraBytes
import CassandraWire

/// Lists that are bound with null among their elements, which are no values of their type.
extension WriteBinder {
  /// The value of a column, or what is added to it.
  func value(_ expression: Expression, of column: Column) throws(EngineFailure) -> CellValue {
    do throws(EngineFailure) {
      return try evaluator.value(expression)
    } catch {
      guard elementsWithNull(expression, of: column) != nil else { throw error }
      // This is what Cassandra stumbles at.
      throw EngineFailure(
        .serverError,
        "java.lang.NullPointerException: Cannot invoke \"java.nio.ByteBuffer.remaining()\" because \"value\" is null")
    }
  }

  /// What is taken away from a collection: null is no element that is there.
  func discarded(_ expression: Expression, from column: Column) throws(EngineFailure) -> CellValue {
    do throws(EngineFailure) {
      return try evaluator.value(expression)
    } catch {
      guard let elements = elementsWithNull(expression, of: column) else { throw error }
      return .bytes(Parts.collection(elements.compactMap { $0 })[...])
    }
  }

  /// The elements of a bound list for a column that is stored by element, where null is one of them.
  private func elementsWithNull(_ expression: Expression, of column: Column) -> [ArraySlice<UInt8>?]? {
    guard case .list = column.wire, column.type.isMultiCell, case .marker(let index, _) = expression,
      case .bytes(let whole) = evaluator.bindings.given(index), let elements = Parts.elementsOrNulls(whole[...]),
      elements.contains(nil)
    else { return nil }
    return elements
  }
}
