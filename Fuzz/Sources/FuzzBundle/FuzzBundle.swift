import FuzzDriver

@testable import CassandraAstra

/// The first byte tells what the others are: a bundle, its `config.json`, the body of an answer of the metadata service,
/// or the whole answer, cut into pieces.
///
/// Each is taken or refused with an error that names what is wrong; however an answer is cut, the same follows.
@main
enum FuzzBundle {
  static func main() {
    runFuzzer { bytes in
      guard let first = bytes.first else { return }
      let rest = Array(bytes[1...])
      switch first & 3 {
      case 0: check { () throws(AstraError) in _ = try SecureConnectBundle(zip: rest) }
      case 1: check { () throws(AstraError) in _ = try BundleConfiguration(parsing: rest) }
      case 2: check { () throws(AstraError) in _ = try MetadataAnswer(parsing: rest).map }
      default:
        precondition(
          answer(rest, piece: .max) == answer(rest, piece: Int(first >> 2) + 1), "what follows depends on the pieces")
      }
    }
  }

  private static func check(_ body: () throws(AstraError) -> Void) {
    do throws(AstraError) { try body() } catch { precondition(!error.description.isEmpty, "an error says nothing") }
  }

  private static func answer(_ bytes: [UInt8], piece: Int) -> MetadataResponse.Progress? {
    var response = MetadataResponse(limit: 1000)
    var rest = bytes[...]
    do {
      while !rest.isEmpty {
        let part = Array(rest.prefix(piece))
        rest = rest.dropFirst(part.count)
        let progress = try response.receive(part.span)
        if progress != .needsMore { return progress }
      }
      return try response.end()
    } catch { return nil }
  }
}
