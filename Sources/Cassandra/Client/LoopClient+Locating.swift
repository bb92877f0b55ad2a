internal import CassandraReactor
internal import CassandraTelemetry

/// Nodes that a directory knows: one loop asks, and all of them take over what it learns.
extension LoopClient {
  /// Asks the directory whenever it is time to, until the task is cancelled.
  func inquire(of directory: any ClusterDirectory) async {
    while !Task.isCancelled {
      switch inquiry.next(now: loop.now) {
      case .ask: await ask(directory)
      case .wait(let until): _ = await inquiries.add(on: loop, due: until)
      }
    }
  }

  private func ask(_ directory: any ClusterDirectory) async {
    do throws(CassandraError) {
      let map = try await directory.locateNodes(on: loop)
      inquiry.answered()
      context.loops.post { $0.adopt(map) }
    } catch {
      inquiry.failed(now: loop.now, chance: .random(in: 0...1))
      guard !Task.isCancelled else { return }
      context.logger.warning(
        "the nodes of the database cannot be found out; trying again",
        ["directory": .text(directory.description), "error": .text(error.debugDescription)])
      context.loops.post { $0.directoryFailed(error) }
    }
  }

  /// Takes over the nodes that the directory lists: those that stay keep their connections.
  private func adopt(_ map: ClusterMap) {
    location = .known
    var listed: [Node] = []
    for endPoint in map.endPoints where !listed.contains(where: { $0.endPoint == endPoint }) {
      listed.append(nodes.first { $0.endPoint == endPoint } ?? Node(endPoint))
    }
    for node in nodes where !listed.contains(where: { $0 === node }) { node.leave() }
    nodes = listed
    addresses = addresses.filter { host, _ in listed.contains { $0.endPoint.host == host.host } }
    // The directory has just confirmed them.
    for node in nodes where node.connection == nil { node.wake() }
    topology.admitAll()
    connectionsChanged()
  }

  private func directoryFailed(_ error: CassandraError) {
    location = .failed(error)
    connectionsChanged()
  }

  /// A node could not be reached: the directory may know more.
  func considerInquiry(about node: Node, failures: Int) {
    guard context.directory != nil else { return }
    let areAllAway = nodes.allSatisfy(\.isAway)
    context.loops.postToFirst { first in
      let now = first.loop.now
      let isEarlier =
        areAllAway
        ? first.inquiry.nodesAreAway(now: now, chance: .random(in: 0...1))
        : first.inquiry.nodeIsAway(failures: failures, now: now)
      if isEarlier { first.inquiries.admitAll() }
    }
  }

  /// A node was reached: what the directory said is of use.
  func noteReached(_ node: Node) {
    context.loops.reached(node.endPoint, on: loop)
    if context.directory != nil { context.loops.postToFirst { $0.inquiry.nodeWasReached() } }
  }
}
