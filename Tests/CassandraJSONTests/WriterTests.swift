import CassandraDice
import CassandraJSON
import Testing

@Suite struct ScalarWritingTests {
  @Test func integers() {
    #expect(written { $0.append(json: 0) } == "0")
    #expect(written { $0.append(json: -42) } == "-42")
    #expect(written { $0.append(json: Int.min) } == "-9223372036854775808")
    #expect(written { $0.append(json: UInt64.max) } == "18446744073709551615")
    #expect(written { $0.append(json: Int8.min) } == "-128")
    #expect(written { $0.append(json: Int32.max) } == "2147483647")
    #expect(written { $0.append(json: Int128.min) } == "-170141183460469231731687303715884105728")
    #expect(written { $0.append(json: UInt128.max) } == "340282366920938463463374607431768211455")
  }

  @Test func floatingPoint() {
    #expect(written { $0.append(json: 0.1) } == "0.1")
    #expect(written { $0.append(json: 3.0) } == "3.0")
    #expect(written { $0.append(json: -0.0) } == "-0.0")
    #expect(written { $0.append(json: 1e-5) } == "1e-05")
    #expect(written { $0.append(json: 1e16) } == "1e+16")
    #expect(written { $0.append(json: Double.leastNonzeroMagnitude) } == "5e-324")
    #expect(written { $0.append(json: Float(0.1)) } == "0.1")
    #expect(written { $0.append(json: Float.greatestFiniteMagnitude) } == "3.4028235e+38")
  }

  @Test(arguments: [Double.nan, .signalingNaN, .infinity, -.infinity])
  func whatIsNotFiniteIsNull(_ value: Double) {
    #expect(written { $0.append(json: value) } == "null")
    #expect(written { $0.append(json: Float(value)) } == "null")
  }

  @Test func otherScalars() {
    #expect(written { $0.append(json: true) } == "true")
    #expect(written { $0.append(json: false) } == "false")
    #expect(written { $0.append(json: Int?.none) } == "null")
    #expect(written { $0.append(json: Int?.some(7)) } == "7")
    #expect(written { $0.appendJSONNull() } == "null")
    #expect(written { $0.append(json: ["a", nil, "b"]) } == #"["a",null,"b"]"#)
    #expect(written { $0.append(json: [[1, 2], [], [3]]) } == "[[1,2],[],[3]]")
  }

  @Test func everyDoubleReadsBack() throws {
    var generator = Dice(seed: 2)
    for _ in 0..<5_000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      let number = try #require(JSONNumber(written { $0.append(json: value) }))
      #expect(number.double?.bitPattern == value.bitPattern)
      let short = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      guard short.isFinite else { continue }
      #expect(JSONNumber(written { $0.append(json: short) })?.float?.bitPattern == short.bitPattern)
    }
  }
}

@Suite struct StructuredWritingTests {
  private struct Plant: JSONWritable {
    var genus: String
    var sightings: Int?

    func writeJSON(to buffer: inout [UInt8]) {
      buffer.appendJSONObject {
        $0.member("genus", genus)
        $0.member("sightings", sightings)
      }
    }
  }

  private struct Failure: Error {}

  @Test func empty() {
    #expect(written { $0.appendJSONObject { _ in } } == "{}")
    #expect(written { $0.appendJSONArray { _ in } } == "[]")
  }

  @Test func nesting() {
    let text = written {
      $0.appendJSONObject {
        $0.member("a \"name\"", 1)
        $0.member("text", string: Array("é\n".utf8).span)
        $0.object("inner") { $0.member("x", true) }
        $0.array("list") {
          $0.element("one")
          $0.element(string: Array("two".utf8).span)
          $0.object { _ in }
          $0.object { $0.member("y", 0.5) }
          $0.array { $0.element(Int?.none) }
          $0.element { $0.appendJSONNull() }
        }
        $0.member("raw") { $0.append(json: 7) }
      }
    }
    #expect(
      text == #"{"a \"name\"":1,"text":"é\n","inner":{"x":true},"list":["one","two",{},{"y":0.5},[null],null],"raw":7}"#
    )
  }

  @Test func typesThatWriteThemselves() {
    let plants = [Plant(genus: "Quercus", sightings: 3), Plant(genus: "Acer", sightings: nil)]
    let json = #"[{"genus":"Quercus","sightings":3},{"genus":"Acer","sightings":null}]"#
    #expect(written { $0.append(json: plants) } == json)
  }

  /// A text that is cut must not look whole.
  @Test func anErrorLeavesTheTextOpen() {
    var buffer = Array("[".utf8)
    #expect(throws: Failure.self) {
      try buffer.appendJSONObject { object throws(Failure) in
        object.member("a", 1)
        try object.array("b") { array throws(Failure) in
          array.element(2)
          throw Failure()
        }
      }
    }
    #expect(String(decoding: buffer, as: UTF8.self) == #"[{"a":1,"b":[2"#)
  }

  /// The writers take the buffer over; a copy of it for each object would make a page of rows quadratic.
  @Test func theBufferIsNeverCopied() {
    var buffer: [UInt8] = []
    buffer.reserveCapacity(10_000)
    let before = buffer.withUnsafeBufferPointer { $0.baseAddress }
    for _ in 0..<20 {
      buffer.appendJSONArray {
        $0.object { $0.array("list") { $0.element(1) } }
        $0.element([1, 2])
        $0.element(["a": [nil]] as JSONValue)
      }
    }
    let after = buffer.withUnsafeBufferPointer { $0.baseAddress }
    #expect(before == after)
  }
}
