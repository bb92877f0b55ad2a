internal import CassandraBytes
internal import CassandraHTTP

/// The routes as a tree of segments, to find the handler of a path without allocating.
struct RouteTable: Sendable {
  /// A handler with what it is reached by.
  struct Endpoint: Sendable {
    var method: Method
    var names: [String]
    var handler: BoundHandler
  }

  /// What a path leads to.
  enum Match {
    /// A handler, and the places of its parameters.
    case found(Endpoint, PathRanges)
    /// The path is known with other methods.
    case otherMethods([Method])
    /// The path is not known.
    case unknown
  }

  private struct Node: Sendable {
    var texts: [(text: [UInt8], node: Int)] = []
    var parameter: Int?
    var rest: Int?
    var endpoints: [Endpoint] = []
  }

  private var nodes = [Node()]

  init<Context: Sendable>(_ routes: Routes<Context>, context: Context) {
    let shared = SharedContext(context)
    for route in routes.routes {
      insert(
        route.pattern,
        Endpoint(method: route.method, names: route.pattern.parameterNames, handler: route.bind(shared)))
    }
  }

  private mutating func insert(_ pattern: RoutePattern, _ endpoint: Endpoint) {
    var current = 0
    for segment in pattern.segments {
      let known: Int? =
        switch segment {
        case .text(let text): nodes[current].texts.first { $0.text == text }?.node
        case .parameter: nodes[current].parameter
        case .rest: nodes[current].rest
        }
      if let known {
        current = known
        continue
      }
      nodes.append(Node())
      let new = nodes.count - 1
      switch segment {
      case .text(let text): nodes[current].texts.append((text, new))
      case .parameter: nodes[current].parameter = new
      case .rest: nodes[current].rest = new
      }
      current = new
    }
    nodes[current].endpoints.append(endpoint)
  }

  /// Finds the handler for a head.
  ///
  /// - Throws: `HTTPError` when the path has dot segments, or a parameter is not percent-encoded UTF-8.
  func match(_ head: RequestHead) throws(HTTPError) -> Match {
    var ranges = PathRanges()
    guard let node = try find(head, head.pathRange, in: 0, &ranges) else { return .unknown }
    let endpoints = nodes[node].endpoints
    let method = head.method == .head ? Method.get : head.method
    guard let endpoint = endpoints.first(where: { $0.method == method }) else {
      return .otherMethods(endpoints.map(\.method))
    }
    return .found(endpoint, ranges)
  }

  /// The node that the rest of the path leads to; texts are tried before parameters.
  private func find(
    _ head: RequestHead, _ path: Range<Int>, in index: Int, _ ranges: inout PathRanges
  ) throws(HTTPError) -> Int? {
    let bytes = head.bytes
    var segments = PathSegments(path)
    guard let segment = try segments.next(in: bytes.span) else { return nodes[index].endpoints.isEmpty ? nil : index }
    let rest = segment.range.upperBound..<path.upperBound
    for (text, node) in nodes[index].texts {
      guard try isEqual(bytes, segment, text) else { continue }
      if let found = try find(head, rest, in: node, &ranges) { return found }
    }
    if let node = nodes[index].parameter, !segment.range.isEmpty {
      if segment.isEncoded { _ = try String(percentDecoding: bytes.span.extracting(segment.range)) }
      ranges.append(segment.range)
      if let found = try find(head, rest, in: node, &ranges) { return found }
      ranges.removeLast()
    }
    if let node = nodes[index].rest {
      let all = segment.range.lowerBound..<path.upperBound
      _ = try String(percentDecoding: bytes.span.extracting(all))
      while try segments.next(in: bytes.span) != nil {}  // Dot segments are refused here, too.
      ranges.append(all)
      return node
    }
    return nil
  }

  private func isEqual(
    _ bytes: [UInt8], _ segment: PathSegments.Segment, _ text: [UInt8]
  ) throws(HTTPError) -> Bool {
    let span = bytes.span.extracting(segment.range)
    if !segment.isEncoded { return span.isEqual(to: text.span) }
    return try Array(String(percentDecoding: span).utf8) == text
  }
}
