public import CassandraHTTP
internal import CassandraJSON

/// What is wrong with a request or with answering it, told to the client as `application/problem+json` (RFC 9457).
///
/// Everything in it except `cause` is sent, so nothing of it may name what the client is not to know: no statement, no
/// value of others, no address. The cause goes to the log, under the id that the answer carries.
public struct Problem: Error, Sendable {
  /// Problems of one body that are told at most: 100.
  public static let maximumErrors = 100

  /// One thing that is wrong in a body.
  public struct Detail: Sendable, Hashable {
    /// Where it is: a JSON pointer (RFC 6901), empty for the whole body.
    public var pointer: String
    /// What is wrong there.
    public var detail: String

    /// Something that is wrong at a place.
    public init(pointer: String, detail: String) {
      self.pointer = pointer
      self.detail = detail
    }
  }

  /// The status of the answer.
  public var status: Status
  /// A name for programs, such as `notFound`.
  public var code: String
  /// A sentence for people.
  public var detail: String
  /// What is wrong in the body, place by place.
  public var errors: [Detail]
  /// Further fields of the answer, such as `Retry-After`.
  public var fields: [FieldLine]
  /// What is behind it; for the log only.
  public var cause: (any Error)?

  /// Makes a problem.
  public init(
    _ status: Status, code: String, detail: String, errors: [Detail] = [], fields: [FieldLine] = [],
    cause: (any Error)? = nil
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.errors = errors
    self.fields = fields
    self.cause = cause
  }

  /// 404: there is no such thing.
  public static func notFound(_ detail: String = "There is nothing here.") -> Problem {
    Problem(.notFound, code: "notFound", detail: detail)
  }

  /// The refusal of a message.
  init(_ error: HTTPError) { self.init(error.status, code: "\(error.code)", detail: "\(error.reason).", cause: error) }

  /// What a client did wrong, when `error` is one of ours that says so: a body that is no JSON is 400, a value that does
  /// not fit its type 422 with the place, and text that is not percent-encoded UTF-8 is 400. Nil for any other error.
  init?(clientsFault error: any Error) {
    switch error {
    case let error as HTTPError where 400..<500 ~= error.status.code: self.init(error)
    case let error as JSONError:
      switch error.code {
      case .encodingFailed, .nonFiniteNumber: return nil
      case .typeMismatch, .missingMember, .unexpectedNull, .fractionalNumber, .numberOutOfRange, .rejectedValue:
        self.init(
          .unprocessableContent, code: "invalidBody", detail: "The body has 1 error.",
          errors: [Detail(pointer: error.pointer.map { "\($0)" } ?? "", detail: error.sentence)], cause: error)
      default:
        self.init(.badRequest, code: "malformedJSON", detail: "The body is not valid JSON: \(error)", cause: error)
      }
    default: return nil
    }
  }

  /// Appends the problem as JSON.
  func appendJSON(to buffer: inout [UInt8], id: String?) {
    buffer.appendJSONObject { object in
      object.member("title", status.reason)
      object.member("status", Int(status.code))
      object.member("code", code)
      object.member("detail", detail)
      if let id { object.member("request_id", id) }
      guard !errors.isEmpty else { return }
      object.array("errors") { list in
        for error in errors.prefix(Self.maximumErrors) {
          list.object { item in
            item.member("pointer", error.pointer)
            item.member("detail", error.detail)
          }
        }
      }
    }
  }
}

extension JSONError {
  /// The message as a sentence.
  fileprivate var sentence: String {
    guard let first = message.first else { return message }
    return "\(first.uppercased())\(message.dropFirst())."
  }
}

/// An error that knows what to tell a client.
///
/// An error that does not is answered with 500 and says nothing of itself; it is logged.
public protocol ProblemConvertible: Error {
  /// What to tell.
  var problem: Problem { get }
}

extension Problem {
  /// 400: a body is not valid JSON.
  init(malformed error: JSONError) {
    self.init(.badRequest, code: "malformedJSON", detail: "The body is not valid JSON: \(error)")
  }
}
