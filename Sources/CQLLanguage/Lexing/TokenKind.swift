/// What kind of token stands at a place.
///
/// The order matters: the questions that the parser asks most often are comparisons of raw values. First come the
/// keywords that are also names, then names, then everything else that a term can begin with.
enum TokenKind: UInt8, Sendable {
  // Keywords that may name anything.
  case keys, `as`, cluster, clustering, compact, storage, tables, type, types, values, map, list, filtering
  case permission, permissions, keyspaces, all, user, users, role, roles, identity, superuser, nosuperuser, login
  case nologin, options, password, hashed, exists, custom, trigger, contains, internals, only, `static`, frozen
  case tuple, function, functions, aggregate, aggregates, sfunc, stype, finalfunc, initcond, returns, language
  case called, input, like, per, partition, group, datacenters, cidrs, access, `default`, mbean, mbeans, replace
  case unset, masked, unmask, selectMasked, vector, ann

  // The native types, which may name anything but a user type.
  case ascii, bigint, blob, booleanType, counter, decimal, double, durationType, floatType, inet, int, smallint
  case text, timestamp, tinyint, uuidType, varchar, varint, timeuuid, date, time

  // Keywords that may name a column, but not a user type; of these only COUNT names a function.
  case ttl, writetime, maxwritetime, distinct, json, key, cast, count

  // Names.
  case identifier, quotedName

  case questionMark

  // Constants.
  case string, integer, float, boolean, duration, uuid, blobLiteral, positiveNaN, negativeNaN, positiveInfinity
  case negativeInfinity

  // The rest of what a term can begin with.
  case null, token, leftParenthesis, minus, colon, leftBracket, leftBrace

  case emptyQuotedName

  // Reserved keywords.
  case add, allow, alter, and, apply, asc, authorize, batch, begin, by, columnfamily, create, delete, desc, describe
  case drop, entries, execute, from, full, grant, `if`, `in`, index, insert, into, `is`, keyspace, limit
  case materialized, modify, norecursive, not, of, on, or, order, primary, rename, revoke, schema, select, set, to
  case truncate, unlogged, update, use, using, view, `where`, with

  // Punctuation.
  case rightParenthesis, rightBracket, rightBrace, comma, semicolon, dot, range, equal, notEqual, less, lessOrEqual
  case greater, greaterOrEqual, plus, plusEqual, minusEqual, asterisk, slash, percent, expression

  // What the parser does not see: white space, comments.
  case hidden

  case endOfInput
  /// The lexer failed here; whoever looks at this token fails with its error.
  case lexicalError
}

extension TokenKind {
  /// Whether this is a keyword that may name a user type.
  @inline(__always) var isBasicKeyword: Bool { rawValue <= TokenKind.ann.rawValue }

  /// Whether this names a native type.
  @inline(__always) var isNativeType: Bool {
    rawValue > TokenKind.ann.rawValue && rawValue <= TokenKind.time.rawValue
  }

  /// Whether this is a keyword that names a column but neither a function nor a user type.
  @inline(__always) var isColumnOnlyKeyword: Bool {
    rawValue > TokenKind.time.rawValue && rawValue < TokenKind.count.rawValue
  }

  /// Whether this is a keyword that is not reserved.
  @inline(__always) var isUnreservedKeyword: Bool { rawValue <= TokenKind.count.rawValue }

  /// Whether this is a name: a bare or quoted one, or a keyword that is not reserved.
  @inline(__always) var isName: Bool { rawValue <= TokenKind.quotedName.rawValue }

  /// Whether this is a name or `?`, which Cassandra parses as a name to refuse it with a message of its own.
  @inline(__always) var isNameOrMarker: Bool { rawValue <= TokenKind.questionMark.rawValue }

  /// Whether this is a name or the empty name `""`, which compact tables of old had.
  @inline(__always) var isColumnName: Bool { isName || self == .emptyQuotedName }

  /// Whether this names a function when `(` follows.
  @inline(__always) var isFunctionName: Bool { isName && !isColumnOnlyKeyword }

  /// Whether this is a constant other than NULL.
  @inline(__always) var isConstant: Bool {
    rawValue >= TokenKind.string.rawValue && rawValue <= TokenKind.negativeInfinity.rawValue
  }

  /// Whether a term can begin with this.
  @inline(__always) var beginsTerm: Bool { rawValue <= TokenKind.leftBrace.rawValue }

  /// Whether a term that is not a name can begin with this.
  @inline(__always) var beginsUnnamedTerm: Bool {
    rawValue >= TokenKind.questionMark.rawValue && rawValue <= TokenKind.leftBrace.rawValue
  }

  /// The operator between the summands of a sum that this is.
  var sumOperator: ArithmeticOperator? {
    switch self {
    case .plus: .plus
    case .minus: .minus
    default: nil
    }
  }

  /// The operator between the factors of a product that this is.
  var productOperator: ArithmeticOperator? {
    switch self {
    case .asterisk: .times
    case .slash: .divided
    case .percent: .modulo
    default: nil
    }
  }

  /// Whether a type can begin with this.
  @inline(__always) var beginsType: Bool { isName || self == .set || self == .string }

  /// Whether this compares a column with a value.
  @inline(__always) var isComparison: Bool {
    rawValue >= TokenKind.equal.rawValue && rawValue <= TokenKind.greaterOrEqual.rawValue
  }

  /// Whether the operation of a relation can begin with this.
  var beginsRelationOperation: Bool {
    switch self {
    case .like, .is, .in, .contains, .leftBracket: true
    default: isComparison
    }
  }
}
