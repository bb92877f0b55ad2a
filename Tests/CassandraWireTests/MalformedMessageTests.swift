import CassandraDice
import CassandraBytes
import CassandraWire
import Testing

/// Messages that are cut, changed and forged: every one is an error or a message, and none traps or takes memory that its
/// bytes do not justify.
@Suite struct MalformedMessageTests {
  /// Decodes a body in either direction; errors point into it.
  @discardableResult
  private func decode(_ recording: Recording) -> WireError? {
    do throws(WireError) {
      if recording.opcode.isRequest {
        var position = 0
        _ = try RequestPrefix(reading: recording.body.span, at: &position, flags: recording.flags)
        _ = try RequestMessage(opcode: recording.opcode, body: recording.body[position...], version: recording.version)
      } else {
        _ = try recording.response()
      }
      return nil
    } catch {
      #expect((0...recording.body.count).contains(error.position), "\(recording)")
      #expect(!error.reason.isEmpty)
      return error
    }
  }

  private func recordings() throws -> [Recording] {
    try Recording.responses() + Recording.all("driver-requests.txt")
  }

  @Test func truncatedAtEveryByte() throws {
    for recording in try recordings() {
      var cut = recording
      #expect(decode(cut) == nil, "\(recording)")
      while !cut.body.isEmpty {
        cut.body.removeLast()
        // Only what is ignored anyway can be missing: rows, which are not looked at, the contentions of a time-out, and the
        // empty name that Cassandra leaves behind an event of v3.
        if let error = decode(cut) { #expect(error.code == .truncated, "\(recording) \(cut.body.count)") }
      }
    }
  }

  @Test func flippedBits() throws {
    var generator = Dice(seed: 1)
    for recording in try recordings() {
      for _ in 0..<200 {
        var changed = recording
        guard !changed.body.isEmpty else { break }
        for _ in 0...Int.random(in: 0..<3, using: &generator) {
          changed.body[Int.random(in: 0..<changed.body.count, using: &generator)] ^=
            1
            << UInt8.random(
              in: 0..<8, using: &generator)
        }
        decode(changed)
        for version in ProtocolVersion.allCases {
          changed.version = version
          decode(changed)
        }
      }
    }
  }

  @Test func everyOpcodeWithNonsense() {
    var generator = Dice(seed: 2)
    for opcode in Opcode.allCases {
      for length in 0..<200 {
        let body = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) >> UInt8(length % 8) }
        for version in ProtocolVersion.allCases {
          _ = try? RequestMessage(opcode: opcode, body: body, version: version)
          _ = try? ResponseMessage(opcode: opcode, body: body.span, version: version)
        }
      }
    }
  }

  /// Counts and lengths that nothing stands behind.
  @Test func hugeCounts() {
    let huge: [(Opcode, String)] = [
      // Rows: columns, a page state, rows.
      (.result, "00000002" + "00000001" + "7fffffff" + "0000" + "0000"),
      (.result, "00000002" + "00000000" + "ffffffff"),
      (.result, "00000002" + "00000002" + "00000001" + "7fffffff"),
      (.result, "00000002" + "00000004" + "7fffffff" + "80000000"),
      // Prepared: columns, indexes of the partition key.
      (.result, "00000004" + "0000" + "00000000" + "00000001" + "7fffffff"),
      (.result, "00000004" + "0000" + "00000000" + "00000001" + "ffffffff"),
      (.result, "00000004" + "0000" + "00000000" + "7fffffff" + "00000000"),
      // A tuple and a user-defined type of 65,535 fields.
      (.result, "00000002" + "00000001" + "00000001" + "0000" + "0000" + "0000" + "0031ffff"),
      (.result, "00000002" + "00000001" + "00000001" + "0000" + "0000" + "0000" + "003000000000ffff"),
      // Failures, options, a token, a text.
      (.error, "00001300" + "0000" + "0004" + "00000001" + "00000001" + "7fffffff"),
      (.supported, "ffff"), (.authSuccess, "7fffffff"), (.authenticate, "ffff"), (.query, "7fffffff"),
      (.query, "ffffffff"), (.query, "00000000" + "0001" + "01" + "ffff"), (.startup, "ffff"), (.register, "ffff"),
      (.batch, "00ffff"), (.batch, "00000101" + "0000" + "ffff"), (.execute, "ffff"),
    ]
    for (opcode, digits) in huge {
      let body = bytes(digits)
      for version in ProtocolVersion.allCases {
        #expect(throws: WireError.self, "\(opcode) \(digits)") {
          if opcode.isRequest {
            _ = try RequestMessage(opcode: opcode, body: body, version: version)
          } else {
            _ = try ResponseMessage(opcode: opcode, body: body.span, version: version)
          }
        }
      }
    }
  }

  @Test func unknownNumbersAndNames() {
    let cases: [(Opcode, String, Int)] = [
      (.result, "00000006", 0), (.result, "00000002" + "00000000" + "00000001" + "000000000000" + "00ff", 18),
      (.batch, "03" + "0000", 0), (.batch, "00" + "0001" + "02" + "00000000", 3),
      (.query, "00000000" + "0100", 4), (.query, "00000000" + "0001" + "20" + "8000000000000000", 7),
      (.error, "00001000" + "0000" + "00ff", 6),
      (.event, "0001" + "41", 0), (.register, "0001" + "0001" + "41", 2),
      (.event, "000d" + "5354415455535f4348414e4745" + "0001" + "41", 15),
      (.event, "000d" + "5354415455535f4348414e4745" + "0002" + "5550" + "05" + "0000000000", 19),
      (.event, "000d" + "5354415455535f4348414e4745" + "0002" + "5550" + "04" + "00000000" + "00010000", 24),
    ]
    for (opcode, digits, position) in cases {
      let error = #expect(throws: WireError.self, "\(opcode) \(digits)") {
        if opcode.isRequest {
          _ = try RequestMessage(opcode: opcode, body: bytes(digits), version: .v4)
        } else {
          _ = try ResponseMessage(opcode: opcode, body: bytes(digits).span, version: .v4)
        }
      }
      #expect(error?.position == position, "\(opcode) \(digits)")
      #expect(error?.code == .unknownValue || error?.code == .invalidLength, "\(opcode) \(digits)")
    }
    let error = #expect(throws: WireError.self) {
      try ResponseMessage(opcode: .authenticate, body: bytes("0002c080").span, version: .v4)
    }
    #expect(error?.code == .invalidText)
    #expect(error?.position == 2)
  }
}
