import CassandraHTTP
import Measuring

/// load-bench HOST:PORT TARGET [OPTION=VALUE…]
///
/// A load on an HTTP server: requests at a fixed rate, whose time counts from the moment at which they ought to be sent,
/// or as many as some connections can.
@main struct LoadBench {
  static let usage = """
    usage: load-bench ADDRESS:PORT TARGET [OPTION=VALUE...]

    Sends requests to an address of IPv4, over connections that stay, one at a time on each. With a rate, one is due every
    1/rate seconds, however the server does, and its time counts from when it was due: what has to wait for a connection,
    or for this program, waits within it. The connection that was idle the longest is taken.

      rate=0           requests a second; 0 for as many as the connections can
      seconds=10       for so long
      warm=1           seconds before, which do not count
      connections=64   connections, opened before the first second
      post=TEXT        posts TEXT as JSON, with the request's number in the place of %d

    Prints a line of JSON: times in microseconds; `wait_p99_us` is how late requests were sent, `failed` how many were
    answered with anything but 2xx or were not answered within 10 s after the last was due.

    """

  static func main() async {
    await runProgram("load-bench") {
      let arguments = Array(CommandLine.arguments.dropFirst())
      guard let load = try Load(arguments) else { return print(usage) }
      var generator = try Generator(load)
      print(try generator.run().line)
    }
  }
}

/// What is to be sent.
struct Load {
  struct Wrong: Error, CustomStringConvertible {
    var description: String
  }

  var address: String
  var port: UInt16
  var target: String
  var rate = 0.0
  var seconds = 10.0
  var warm = 1.0
  var connections = 64
  var post: (before: [UInt8], after: [UInt8], isNumbered: Bool)?

  /// Nil when the arguments ask for help or are not of the usage's form.
  init?(_ arguments: [String]) throws {
    guard arguments.count >= 2, let colon = arguments[0].lastIndex(of: ":"),
      let port = UInt16(arguments[0][arguments[0].index(after: colon)...])
    else { return nil }
    (address, self.port, target) = (String(arguments[0][..<colon]), port, arguments[1])
    for argument in arguments[2...] {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return nil }
      if parts[0] == "post" {
        let pieces = parts[1].split(separator: "%d", maxSplits: 1, omittingEmptySubsequences: false)
        post = (Array(pieces[0].utf8), Array((pieces.count > 1 ? pieces[1] : "").utf8), pieces.count > 1)
        continue
      }
      guard let number = Double(parts[1]), number >= 0, number < 1e9 else {
        throw Wrong(description: "\(argument) is no number")
      }
      switch parts[0] {
      case "rate": rate = number
      case "seconds": seconds = number
      case "warm": warm = number
      case "connections": connections = max(1, Int(number))
      default: return nil
      }
    }
  }

  var method: Method { post == nil ? .get : .post }

  /// The bytes of a request. Nothing else is worth reusing: a request is a few hundred bytes.
  func append(number: Int, to output: inout [UInt8]) throws {
    try output.append(request: method, target: target, host: "\(address):\(port)")
    if let post {
      let digits = post.isNumbered ? Array("\(number)".utf8) : []
      output.append(field: .contentType, literal: "application/json")
      output.append(framing: .length(post.before.count + digits.count + post.after.count))
      output.appendEndOfHead()
      output += post.before
      output += digits
      output += post.after
    } else {
      output.appendEndOfHead()
    }
  }
}

/// What came of it.
struct Outcome {
  var load: Load
  var answered = 0
  var failed = 0
  var latencies = Histogram()
  var waits = Histogram()
  var longest: UInt64 = 0
  var began = Usage.now
  var ended = Usage.now

  var line: String {
    let wall = ended.wall - began.wall
    func time(_ share: Double) -> String { fixed(latencies.microseconds(atQuantile: share), 1) }
    return "{"
      + [
        #""rate":\#(fixed(load.rate, 1))"#, #""connections":\#(load.connections)"#, #""answered":\#(answered)"#,
        #""failed":\#(failed)"#, #""per_s":\#(fixed(Double(answered) / wall, 1))"#, #""p50_us":\#(time(0.5))"#,
        #""p99_us":\#(time(0.99))"#, #""p999_us":\#(time(0.999))"#, #""max_us":\#(fixed(Double(longest) / 1000, 1))"#,
        #""wait_p99_us":\#(fixed(waits.microseconds(atQuantile: 0.99), 1))"#,
        #""own_cpu_us":\#(fixed((ended.cpu - began.cpu) * 1e6 / Double(max(1, answered)), 2))"#,
      ].joined(separator: ",") + "}"
  }
}
