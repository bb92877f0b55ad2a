import CQLLanguage
import CassandraWire

/// The functions that stand behind operators: `+ - * / %` and the sign of numbers of all types, `+` of texts, and `+ -` of
/// moments and days with durations.
enum ArithmeticFunctions {
  private static let numberTypes: [CQLType] = [
    .int, .bigint, .double, .decimal, .varint, .float, .smallint, .tinyint, .counter,
  ]

  /// The function of an operator between two values; throws Cassandra's refusal.
  ///
  /// `receiver` is the type that the result is wanted for, where that is known. `areMarkersBeside` says that one of the
  /// values is a marker, of which a receiver says nothing.
  static func function(
    _ sign: ArithmeticOperator, _ left: Argument, _ right: Argument, receiver: CQLType?, areMarkersBeside: Bool
  ) throws(EngineFailure) -> ScalarFunction {
    // How well both go with each type is asked once, and not for each pair of types.
    let leftFits = fits(left)
    let rightFits = fits(right)
    var compatible: [(left: CQLType, right: CQLType)] = []
    for (leftType, leftFit) in leftFits {
      for (rightType, rightFit) in rightFits {
        guard let result = resultType(sign, leftType, rightType), isWanted(result, receiver) else { continue }
        if leftFit == .exact, rightFit == .exact { return make(sign, leftType, rightType, result) }
        compatible.append((leftType, rightType))
      }
    }
    guard let first = compatible.first else {
      throw EngineFailure.invalid(
        "the '\(sign.rawValue)' operation is not supported between \(left.text) and \(right.text)")
    }
    if compatible.count == 1, let result = resultType(sign, first.left, first.right) {
      return make(sign, first.left, first.right, result)
    }
    if let receiver, !areMarkersBeside, compatible.contains(where: { $0.left == receiver && $0.right == receiver }),
      let result = resultType(sign, receiver, receiver)
    {
      return make(sign, receiver, receiver, result)
    }
    throw EngineFailure.invalid(
      "Ambiguous '\(sign.rawValue)' operation with args \(left.text) and \(right.text): use type hint to disambiguate, "
        + "example '(int) ?'")
  }

  /// The function of the sign of a value; throws Cassandra's refusal.
  static func negation(_ argument: Argument, receiver: CQLType?) throws(EngineFailure) -> ScalarFunction {
    var compatible: [CQLType] = []
    for type in numberTypes where isWanted(type, receiver) {
      switch argument.fit(type) {
      case .exact: return negation(of: type)
      case .weak: compatible.append(type)
      case .none: break
      }
    }
    guard let first = compatible.first else {
      let known = numberTypes.map { negation(of: $0).signature }.joined(separator: ", ")
      throw EngineFailure.invalid(
        "Invalid call to function system._negate, none of its type signatures match (known type signatures: \(known))")
    }
    guard compatible.count == 1 else {
      throw EngineFailure.invalid("Ambiguous negation: use type casts to disambiguate")
    }
    return negation(of: first)
  }

  private static func isWanted(_ result: CQLType, _ receiver: CQLType?) -> Bool {
    // What is computed of numbers is no counter, though a counter takes a constant.
    if let receiver, receiver == .counter || result == .counter { return receiver == result }
    return receiver.map { TermTypes.isAssignable(result, to: $0) } ?? true
  }

  private static func fits(_ argument: Argument) -> [(CQLType, Literal.Fit)] {
    (numberTypes + [.text, .ascii, .timestamp, .date, .duration]).compactMap { type in
      let fit = argument.fit(type)
      return fit == .none ? nil : (type, fit)
    }
  }

  // MARK: Types

  /// The type of the result; nil when there is no such operation.
  private static func resultType(_ sign: ArithmeticOperator, _ left: CQLType, _ right: CQLType) -> CQLType? {
    if right == .duration {
      guard sign == .plus || sign == .minus, left == .timestamp || left == .date else { return nil }
      return left
    }
    if isText(left), isText(right) { return sign == .plus ? (left == right ? left : .text) : nil }
    guard let leftSize = size(left), let rightSize = size(right) else { return nil }
    let size = max(leftSize, rightSize)
    if isFloating(left) || isFloating(right) {
      return size == 4 ? .float : size == 8 ? .double : .decimal
    }
    switch size {
    case 1: return .tinyint
    case 2: return .smallint
    case 4: return .int
    case 8: return .bigint
    default: return .varint
    }
  }

  static func isText(_ type: CQLType) -> Bool { type == .text || type == .ascii }

  private static func isFloating(_ type: CQLType) -> Bool {
    switch type {
    case .float, .double, .decimal: true
    default: false
    }
  }

  /// The bytes of a number of a type; those of any size have the largest.
  private static func size(_ type: CQLType) -> Int? {
    switch type {
    case .tinyint: 1
    case .smallint: 2
    case .int, .float: 4
    case .bigint, .counter, .double: 8
    case .varint, .decimal: .max
    default: nil
    }
  }

  // MARK: Functions

  private static func name(_ sign: ArithmeticOperator) -> String {
    switch sign {
    case .plus: "_add"
    case .minus: "_substract"
    case .times: "_multiply"
    case .divided: "_divide"
    case .modulo: "_modulo"
    }
  }

  private static func make(
    _ sign: ArithmeticOperator, _ left: CQLType, _ right: CQLType, _ result: CQLType
  ) -> ScalarFunction {
    ScalarFunction(name(sign), [left, right], result) { arguments, _ throws(EngineFailure) in
      guard let first = arguments[0], let second = arguments[1] else { return nil }
      if isText(result) { return first + second }
      guard !first.isEmpty, !second.isEmpty else { return nil }
      let numbers = right == .duration ? nil : try numbers(first, left, second, right)
      do throws(ArithmeticProblem) {
        if right == .duration {
          return try TemporalArithmetic.moved(first, left, by: second, isBack: sign == .minus)?[...]
        }
        guard let numbers else { return nil }
        return try NumberArithmetic.result(sign, numbers.0, left, numbers.1, right, result)[...]
      } catch {
        throw EngineFailure(
          .functionFailure, "the operation '\(left) \(sign.rawValue) \(right)' failed: \(error.message)",
          detail: .functionFailure(
            keyspace: "system", function: name(sign), argumentTypes: ["\(left)", "\(right)"]))
      }
    }
  }

  /// Two values as numbers; nil when one of them is none.
  private static func numbers(
    _ first: ArraySlice<UInt8>, _ left: CQLType, _ second: ArraySlice<UInt8>, _ right: CQLType
  ) throws(EngineFailure) -> (Number, Number)? {
    guard let first = try Number(first, left), let second = try Number(second, right) else { return nil }
    return (first, second)
  }

  /// What is in a column with what is added to it, both of the column's type; nil when one of them is no value.
  static func sum(
    _ value: ArraySlice<UInt8>, _ addition: ArraySlice<UInt8>, _ type: CQLType
  ) throws(EngineFailure) -> [UInt8]? {
    if isText(type) { return Array(value + addition) }
    guard let numbers = try numbers(value, type, addition, type) else { return nil }
    do throws(ArithmeticProblem) {
      return try NumberArithmetic.result(.plus, numbers.0, type, numbers.1, type, type)
    } catch {
      throw EngineFailure.invalid(error.message)
    }
  }

  private static func negation(of type: CQLType) -> ScalarFunction {
    ScalarFunction(
      "_negate", type, type,
      ofOne: { value throws(EngineFailure) in value.isEmpty ? nil : try NumberArithmetic.negated(value, type) })
  }
}
