import CassandraBytes
import CQLLanguage
import CassandraWire

/// What a statement means in one version of the schema.
enum StatementPlan: Sendable {
  case select(SelectPlan)
  case write(WritePlan)
  case batch(BatchPlan)
  /// A statement that is run as it is parsed: those of the schema, USE, TRUNCATE, DESCRIBE.
  case other(CQLStatement)
}

/// A BATCH as one statement.
final class BatchPlan: Sendable {
  let kind: BatchStatement.Kind
  let members: [WritePlan]
  let timestamp: Expression?

  init(kind: BatchStatement.Kind, members: [WritePlan], timestamp: Expression?) {
    self.kind = kind
    self.members = members
    self.timestamp = timestamp
  }
}

/// A plan with what the protocol tells about it.
final class PlannedStatement {
  let plan: StatementPlan
  /// The plan of a SELECT for those who may not see the values of masked columns; nil where there are none.
  var masked: SelectPlan?
  /// The version of the schema for which the plan is known to be right.
  var generation: Int
  /// The bind markers.
  let markers: [ColumnSpecification]
  /// The markers of the partition key.
  let partitionKeyIndexes: [UInt16]
  /// The columns of the result; nil when there are no rows, or when they depend on what is found.
  let columns: [ColumnSpecification]?
  /// About how many bytes the columns and the markers take, each time that they are written down.
  let columnBytes: Int
  /// What page states have to carry.
  let digest: UInt64
  /// The digest of the result's columns.
  let metadataID: [UInt8]
  /// Whether clients before v5 may leave out the columns, because all know the same.
  var allKnowColumns = true
  /// The image of a row that no request uses at the moment, so that its memory is used again.
  private var idleImage: RowImage?
  /// The metadata with columns as each version writes it, made when it is wanted first.
  private var metadata: [ProtocolVersion: [UInt8]] = [:]

  init(
    _ plan: StatementPlan, generation: Int, markers: [ColumnSpecification], partitionKeyIndexes: [UInt16],
    columns: [ColumnSpecification]?, digest: UInt64
  ) throws(EngineFailure) {
    columnBytes = try TypeExtent.bytes(ofColumns: columns ?? [], markers: markers)
    self.plan = plan
    self.generation = generation
    self.markers = markers
    self.partitionKeyIndexes = partitionKeyIndexes
    self.columns = columns
    self.digest = digest
    metadataID = try Self.metadataID(columns ?? [])
  }

  /// The same for all versions of the protocol.
  private static func metadataID(_ columns: [ColumnSpecification]) throws(EngineFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(WireError) {
      try ResultMetadata(columns: columns).encode(into: &bytes, version: .v5)
    } catch {
      throw EngineFailure.invalid("\(error)")
    }
    return MD5.digest(bytes)
  }

  /// An image for the rows of a SELECT; to be given back with ``giveBack(_:)``.
  func takeImage(_ shape: FinishedShape) -> RowImage { idleImage.take() ?? RowImage(shape) }

  /// Takes an image back, for the next request.
  func giveBack(_ image: consuming RowImage) { idleImage = image }

  /// Appends the head of a RESULT with rows up to their number, which is 0 until ``EngineExecutor`` stores it. Returns the
  /// offset of that number.
  ///
  /// `change` says that the client's columns are others, and that these are new.
  func writeHead(
    into body: inout [UInt8], version: ProtocolVersion, skipsMetadata: Bool, change: Bool
  ) throws(EngineFailure) -> Int {
    body.append(bigEndian: ResultResponse.Kind.rows.rawValue)
    let columns = columns ?? []
    do throws(WireError) {
      if change, version >= .v5 {
        try ResultMetadata(columns: columns, newMetadataID: metadataID).encode(into: &body, version: version)
      } else if skipsMetadata, version >= .v5 || allKnowColumns {
        try ResultMetadata(columnCount: columns.count).encode(into: &body, version: version)
      } else if let known = metadata[version] {
        body.append(contentsOf: known)
      } else {
        var encoded: [UInt8] = []
        try ResultMetadata(columns: columns).encode(into: &encoded, version: version)
        metadata[version] = encoded
        body.append(contentsOf: encoded)
      }
    } catch {
      throw EngineFailure(.serverError, "\(error)")
    }
    body.append(bigEndian: Int32(0))
    return body.count - 4
  }

  /// Puts a page state into a head that was written at `start`: its flag, and the state behind the number of columns.
  static func insert(_ state: [UInt8], intoHeadAt start: Int, of body: inout [UInt8]) {
    // Kind and flags come first, in 4 bytes each; the lowest bits of the flags stand in their last byte.
    body[start + 7] |= 0x02
    var field: [UInt8] = []
    field.append(bigEndian: Int32(truncatingIfNeeded: state.count))
    field += state
    body.insert(contentsOf: field, at: start + 12)
  }
}
