internal import CassandraBytes
internal import CassandraWire

/// Rows of `system.local`, `system.peers` and `system.peers_v2` as an Astra database says them, made of what the node
/// behind the proxy has said.
struct AstraSystemRows {
  let state: AstraState
  let node: AstraTopology.Node

  private typealias Row = [[UInt8]?]

  /// The body of a result with rows, rewritten; nil when it is none.
  ///
  /// - Parameter known: The columns as the preparation told them, for a result that leaves them out.
  func rewrite(
    _ body: Span<UInt8>, _ table: AstraStatement.SystemTable, known: [ColumnSpecification]?, version: ProtocolVersion
  ) throws(WireError) -> [UInt8]? {
    guard case .result(.rows(let result)) = try ResponseMessage(opcode: .result, body: body, version: version),
      let columns = result.metadata.columns ?? known
    else { return nil }
    var rows: [Row] = []
    var position = result.content.lowerBound
    for _ in 0..<result.rowCount {
      var row: Row = []
      for _ in columns { row.append(try body.readBytes(&position).map { Array(copying: body.extracting($0)) }) }
      rows.append(row)
    }
    switch table {
    case .local: for index in rows.indices { set(Self.values(of: node, state), in: &rows[index], columns) }
    case .peers, .peersV2: changePeers(&rows, columns)
    }
    var output: [UInt8] = []
    try RowsResult(metadata: result.metadata, rowCount: rows.count).encode(into: &output, version: version)
    for row in rows { for cell in row { try output.append(bytes: cell) } }
    return output
  }

  private func changePeers(_ rows: inout [Row], _ columns: [ColumnSpecification]) {
    let others = state.topology.nodes.filter { $0.index != node.index }
    if node.target.knowsItsPeers {
      for index in rows.indices {
        guard let peer = peer(of: rows[index], columns) else { continue }
        set(Self.values(of: peer, state), in: &rows[index], columns)
      }
    } else {
      rows = others.map { row(Self.values(of: $0, state), columns) }
    }
    if let name = state.faults.secondDatacenter { rows.append(row(remote(in: name), columns)) }
  }

  private func peer(of row: Row, _ columns: [ColumnSpecification]) -> AstraTopology.Node? {
    for name in ["rpc_address", "native_address", "peer"] {
      guard let index = columns.firstIndex(where: { $0.name == name }), let bytes = row[index],
        let address = CQLInet(bytes.span), let node = state.topology.node(at: address)
      else { continue }
      return node
    }
    return nil
  }

  /// What a node says of itself, and the others of it.
  private static func values(of node: AstraTopology.Node, _ state: AstraState) -> [String: CQLValue] {
    var values: [String: CQLValue] = ["host_id": .uuid(node.hostID)]
    let isPrivate = state.faults.reportsPrivateAddresses
    if isPrivate || !node.target.knowsItsPeers {
      // Of nodes that share an address each has to have one of its own: a row of the peers is found by it.
      let address = isPrivate ? node.privateAddress : .v4(0x7f00_0001 + UInt32(node.index))
      for name in ["peer", "rpc_address", "native_address", "broadcast_address", "listen_address"] {
        values[name] = .inet(address)
      }
    }
    guard !node.target.knowsItsPeers else { return values }
    values["data_center"] = .text(state.configuration.localDatacenter)
    values["rack"] = .text("rack1")
    values["release_version"] = .text("5.0.6")
    values["schema_version"] = .uuid(state.topology.schemaVersion)
    values["tokens"] = .set([.text(state.topology.token(of: node))])
    values["native_port"] = .int(9042)
    values["peer_port"] = .int(7000)
    return values
  }

  private func remote(in datacenter: String) -> [String: CQLValue] {
    let address = CQLValue.inet(.v4(0xac1f_0001))
    return [
      "host_id": .uuid(state.topology.remoteID), "data_center": .text(datacenter), "rack": .text("rack1"),
      "peer": address, "rpc_address": address, "native_address": address, "release_version": .text("5.0.6"),
      "schema_version": .uuid(state.topology.schemaVersion), "tokens": .set([.text("42")]), "native_port": .int(9042),
      "peer_port": .int(7000),
    ]
  }

  private func row(_ values: [String: CQLValue], _ columns: [ColumnSpecification]) -> Row {
    var row = Row(repeating: nil, count: columns.count)
    set(values, in: &row, columns)
    return row
  }

  private func set(_ values: [String: CQLValue], in row: inout Row, _ columns: [ColumnSpecification]) {
    for (index, column) in columns.enumerated() {
      guard let value = values[column.name] else { continue }
      var bytes: [UInt8] = []
      // A column of another type under that name is an expression's, which stays as it is.
      guard (try? value.encode(as: column.type, into: &bytes)) != nil else { continue }
      row[index] = bytes
    }
  }
}
