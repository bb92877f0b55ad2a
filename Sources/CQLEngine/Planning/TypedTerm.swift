import CQLLanguage
import CassandraWire

/// A term with what has been found out about its type.
///
/// What a term could be a value for is asked again and again: by the collection that it stands in, by each overload of
/// the function that it is an argument of, and at last by its own planning. Each answer is found once, from those of its
/// parts, and kept here; else the cost of a statement would double with each level of nesting.
final class TypedTerm {
  /// The term.
  let term: Term
  /// The elements, arguments, values, or keys and values in turn, of which it consists.
  private(set) lazy var parts: [TypedTerm] = term.parts.map { TypedTerm($0) }
  /// Whether there is a marker in it.
  private(set) lazy var hasMarker: Bool =
    if case .marker = term.kind { true } else { parts.contains { $0.hasMarker } }
  /// The type that it has by itself, once it is known; there may be none.
  fileprivate var natural: CQLType??
  /// How well it goes with the types that were asked about so far: a few.
  fileprivate var fits: [(type: CQLType, fit: Literal.Fit)] = []

  init(_ term: Term) { self.term = term }

  /// How many elements it has when it is written as `[…]`.
  var elementCount: Int? {
    if case .list(let elements) = term.kind { elements.count } else { nil }
  }
  /// The keys of a map.
  var keys: [TypedTerm] { stride(from: 0, to: parts.count, by: 2).map { parts[$0] } }
  /// The values of a map.
  var values: [TypedTerm] { stride(from: 1, to: parts.count, by: 2).map { parts[$0] } }
}

extension Term {
  /// The terms of which it consists; those of a map are keys and values in turn.
  fileprivate var parts: [Term] {
    switch kind {
    case .constant, .null, .marker: []
    case .list(let elements), .set(let elements), .tuple(let elements), .call(_, let elements): elements
    case .map(let entries): entries.flatMap { [$0.key, $0.value] }
    case .userType(let fields): fields.map(\.value)
    case .typeHint(_, let inner), .cast(let inner, _), .negation(let inner): [inner]
    case .arithmetic(let left, _, let right): [left, right]
    }
  }
}

/// Counts how often a type was found out, for tests: it has to grow with the statement and no faster.
final class TypingCount {
  var count = 0
}

extension TermTypes {
  /// How well a term goes with a type.
  func fit(_ term: TypedTerm, _ type: CQLType) -> Literal.Fit {
    switch term.term.kind {
    case .constant, .null, .marker: return findFit(term, type)
    default: break
    }
    if let known = term.fits.first(where: { $0.type == type }) { return known.fit }
    typings.count += 1
    let fit = findFit(term, type)
    term.fits.append((type, fit))
    return fit
  }

  /// The type that a term has by itself, or nil when anything could be meant.
  func naturalType(_ term: TypedTerm) -> CQLType? {
    if let known = term.natural { return known }
    typings.count += 1
    let type = findNaturalType(term)
    term.natural = .some(type)
    return type
  }
}
