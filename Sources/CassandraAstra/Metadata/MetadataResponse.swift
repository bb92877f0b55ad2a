internal import CassandraBytes
internal import CassandraHTTP

/// Reads the answer to one HTTP request from bytes that arrive in any pieces.
///
/// No I/O: it is told what arrived, and says when the answer is complete.
struct MetadataResponse {
  enum Progress: Equatable {
    case needsMore
    case complete(Status, [UInt8])
  }

  enum Failure: Error {
    case notHTTP(HTTPError)
    case tooLarge
    /// The connection ended first.
    case cutShort
  }

  private let limit: Int
  private var parser = ResponseParser()
  private var head = ResponseHead()
  private var decoder: BodyDecoder?
  private var body: [UInt8] = []

  /// - Parameter limit: Bytes of the largest body that is taken.
  init(limit: Int) { self.limit = limit }

  mutating func receive(_ input: Span<UInt8>) throws(Failure) -> Progress {
    do {
      var offset = 0
      while decoder == nil {
        guard try parser.parse(input, from: &offset, answering: .get, into: &head) else { return .needsMore }
        if !head.isInterim { decoder = BodyDecoder(head.framing) }
      }
      while var decoder {
        let event = try decoder.next(input, from: &offset)
        self.decoder = decoder
        switch event {
        case .bytes(let range):
          guard body.count + range.count <= limit else { throw Failure.tooLarge }
          body.append(copying: input.extracting(range))
        case .needsMore: return .needsMore
        case .end: return .complete(head.status, body)
        }
      }
      return .needsMore
    } catch let error as HTTPError {
      throw .notHTTP(error)
    } catch let error as Failure {
      throw error
    } catch {
      throw .cutShort
    }
  }

  /// The peer has ended its output.
  mutating func end() throws(Failure) -> Progress {
    guard var decoder else { throw .cutShort }
    do throws(HTTPError) { try decoder.finish() } catch { throw .cutShort }
    return .complete(head.status, body)
  }
}
