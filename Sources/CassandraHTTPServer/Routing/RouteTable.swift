internal import CassandraBytes
internal import CassandraHTTP

/// The routes as a tree of segments, to find the handler of a path without allocating.
struct RouteTable: Sendable {
  /// A handler with what it is reached by. One object for all requests that it answers: each of them refers to it, where
  /// a copy would count five references.
  final class Endpoint: Sendable {
    let method: Method
    /// The pattern of its path, for logs and counts.
    let pattern: String
    /// Whether it answers even when the server sheds load.
    let isAlwaysAnswered: Bool
    /// Its place among the endpoints, for what counts them.
    let number: Int
    private let names: [[UInt8]]
    let handler: BoundHandler

    init(
      method: Method, pattern: String, isAlwaysAnswered: Bool, number: Int, names: [String],
      handler: @escaping BoundHandler
    ) {
      self.method = method
      self.pattern = pattern
      self.isAlwaysAnswered = isAlwaysAnswered
      self.number = number
      self.names = names.map { Array($0.utf8) }
      self.handler = handler
    }

    /// The place of a parameter among those of the path; nil when there is none of that name.
    func index(ofParameter name: String) -> Int? {
      name.withUTF8Span { name in
        for index in names.indices {
          let known = names[index]
          if name.isEqual(to: known.span) { return index }
        }
        return nil
      }
    }
  }

  /// What a path leads to.
  enum Match {
    /// A handler.
    case found(Endpoint)
    /// The path is known with other methods.
    case otherMethods([Method])
    /// The path is not known.
    case unknown
  }

  private struct Node: Sendable {
    /// In their order (`isBefore`), so that one of many is found in few steps.
    var texts: [(text: [UInt8], node: Int)] = []
    var parameter: Int?
    var rest: Int?
    var endpoints: [Endpoint] = []
  }

  private var nodes = [Node()]
  /// Method and pattern of each endpoint, by its number.
  private(set) var endpoints: [(method: Method, route: String)] = []
  /// The middleware around whatever answers; nil when there is none.
  let wrapped: BoundHandler?

  init<Context: Sendable>(_ routes: Routes<Context>, context: Context) {
    let shared = SharedContext(context, described: routes.described)
    wrapped = routes.bindMiddleware(shared)
    for route in routes.routes {
      insert(
        route.pattern,
        Endpoint(
          method: route.method, pattern: route.pattern.description,
          isAlwaysAnswered: route.isAlwaysAnswered, number: endpoints.count, names: route.pattern.parameterNames,
          handler: route.bind(shared)))
      endpoints.append((route.method, route.pattern.description))
    }
  }

  private mutating func insert(_ pattern: RoutePattern, _ endpoint: Endpoint) {
    var current = 0
    for segment in pattern.segments {
      let known: Int? =
        switch segment {
        case .text(let text): node(for: text.span, in: current)
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
      case .text(let text):
        let place = nodes[current].texts.firstIndex { !$0.text.span.isBefore(text.span) }
        nodes[current].texts.insert((text, new), at: place ?? nodes[current].texts.count)
      case .parameter: nodes[current].parameter = new
      case .rest: nodes[current].rest = new
      }
      current = new
    }
    nodes[current].endpoints.append(endpoint)
  }

  /// Finds the handler for a method and the path that stands at `path` of `bytes`.
  ///
  /// - Parameter ranges: Becomes the places of the handler's parameters.
  /// - Throws: `HTTPError` when the path has dot segments, or a parameter is not percent-encoded UTF-8.
  func match(
    _ method: Method, _ bytes: [UInt8], _ path: Range<Int>, _ ranges: inout PathRanges
  ) throws(HTTPError) -> Match {
    ranges.removeAll()
    var search = Search(method: method == .head ? .get : method)
    if let endpoint = try find(bytes, path, in: 0, &search, &ranges) { return .found(endpoint) }
    return search.otherMethods.isEmpty ? .unknown : .otherMethods(search.otherMethods)
  }

  /// What is looked for, and what was found on the way.
  private struct Search {
    let method: Method
    /// Methods of patterns that take the path and not the method.
    var otherMethods: [Method] = []

    init(method: Method) { self.method = method }

    mutating func endpoint(among endpoints: [Endpoint]) -> Endpoint? {
      for endpoint in endpoints where endpoint.method == method { return endpoint }
      for endpoint in endpoints { otherMethods.append(endpoint.method) }
      return nil
    }
  }

  /// The endpoint that the rest of the path leads to; texts are tried before parameters, and what has not the method is
  /// passed over, so that a route for OPTIONS of every path stands behind all others.
  private func find(
    _ bytes: [UInt8], _ path: Range<Int>, in index: Int, _ search: inout Search, _ ranges: inout PathRanges
  ) throws(HTTPError) -> Endpoint? {
    var segments = PathSegments(path)
    guard let segment = try segments.next(in: bytes.span) else {
      return search.endpoint(among: nodes[index].endpoints)
    }
    let rest = segment.range.upperBound..<path.upperBound
    if let node = try node(for: segment, of: bytes, in: index) {
      if let found = try find(bytes, rest, in: node, &search, &ranges) { return found }
    }
    if let node = nodes[index].parameter, !segment.range.isEmpty {
      if segment.isEncoded { _ = try String(percentDecoding: bytes.span.extracting(segment.range)) }
      ranges.append(segment.range)
      if let found = try find(bytes, rest, in: node, &search, &ranges) { return found }
      ranges.removeLast()
    }
    if let node = nodes[index].rest {
      let all = segment.range.lowerBound..<path.upperBound
      _ = try String(percentDecoding: bytes.span.extracting(all))
      while try segments.next(in: bytes.span) != nil {}  // Dot segments are refused here, too.
      ranges.append(all)
      if let found = search.endpoint(among: nodes[node].endpoints) { return found }
      ranges.removeLast()
    }
    return nil
  }

  /// The node that a segment's text leads to from the node at `index`.
  private func node(
    for segment: PathSegments.Segment, of bytes: [UInt8], in index: Int
  ) throws(HTTPError) -> Int? {
    guard !nodes[index].texts.isEmpty else { return nil }
    let span = bytes.span.extracting(segment.range)
    guard segment.isEncoded else { return node(for: span, in: index) }
    let text = Array(try String(percentDecoding: span).utf8)
    return node(for: text.span, in: index)
  }

  private func node(for text: Span<UInt8>, in index: Int) -> Int? {
    let texts = nodes[index].texts
    var (low, high) = (0, texts.count)
    while low < high {
      let middle = (low + high) / 2
      let known = texts[middle].text
      if known.span.isBefore(text) { low = middle + 1 } else { high = middle }
    }
    guard low < texts.count else { return nil }
    let known = texts[low].text
    return text.isEqual(to: known.span) ? texts[low].node : nil
  }
}

extension Span where Element == UInt8 {
  /// An order of texts: shorter ones first, which mostly needs no look at the bytes.
  fileprivate func isBefore(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return count < other.count }
    for index in indices where self[index] != other[index] { return self[index] < other[index] }
    return false
  }
}
