import CassandraJSON
import Testing

@testable import FieldGuide
@testable import CassandraHTTPServer

@Suite struct ModelTests {
  private func check(_ body: String) throws -> (animal: Animal, pointers: [String]) {
    var validator = Validator(try JSONParts(reading: Array(body.utf8)))
    let animal = Animal(&validator)
    return (animal, validator.findings.errors.map(\.pointer))
  }

  private func body(_ changed: String) -> String {
    let name = changed.prefix { $0 != ":" }
    let members = [
      #""genus":"Vanessa""#, #""species":"atalanta""#, #""image_url":"https://imgur.com/2fSEnt1""#, #""size_cm":4.8"#,
      #""sightings":43"#, #""taxonomy":["Insecta"]"#,
    ]
    return "{\((members.filter { !$0.hasPrefix(name) } + [changed]).joined(separator: ","))}"
  }

  @Test func anAnimalIsRead() throws {
    let (animal, pointers) = try check(body(#""more":{"ignored":[]}"#))
    #expect(pointers.isEmpty)
    #expect(animal.genus == "Vanessa" && animal.species == "atalanta")
    #expect(animal.imageURL == "https://imgur.com/2fSEnt1")
    #expect(animal.sizeCm == 4.8)
    #expect(animal.sightings == 43)
    #expect(animal.taxonomy == ["Insecta"])
  }

  @Test func castsAreThoseOfTheGuide() throws {
    #expect(try check(body(#""size_cm":"4.8""#)).animal.sizeCm == 4.8)
    #expect(try check(body(#""size_cm":5"#)).animal.sizeCm == 5)
    #expect(try check(body(#""sightings":"43""#)).animal.sightings == 43)
    #expect(try check(body(#""sightings":3.0"#)).animal.sightings == 3)
    #expect(try check(body(#""image_url":"""#)).pointers.isEmpty)
    #expect(try check(body(#""taxonomy":[]"#)).animal.taxonomy == [])
    #expect(try check(body(#""genus":"\#(String(repeating: "a", count: 4_000))""#)).pointers.isEmpty)
  }

  static let wrong: [(member: String, pointer: String)] = [
    (#""genus":"""#, "/genus"), (#""genus":1"#, "/genus"), (#""species":null"#, "/species"),
    (#""species":"""#, "/species"),
    (#""genus":"\#(String(repeating: "a", count: 4_001))""#, "/genus"),
    (#""species":"\#(String(repeating: "é", count: 2_001))""#, "/species"), (#""image_url":3"#, "/image_url"),
    (#""size_cm":1e39"#, "/size_cm"), (#""size_cm":true"#, "/size_cm"), (#""sightings":2147483648"#, "/sightings"),
    (#""sightings":3.7"#, "/sightings"), (#""sightings":[]"#, "/sightings"), (#""taxonomy":"Insecta""#, "/taxonomy"),
    (#""taxonomy":["Insecta",null]"#, "/taxonomy/1"),
  ]

  @Test(arguments: wrong) func whatIsWrongIsPointedAt(_ member: String, _ pointer: String) throws {
    #expect(try check(body(member)).pointers == [pointer])
  }

  @Test func everyMemberIsRequired() throws {
    #expect(
      try check("{}").pointers == ["/genus", "/species", "/image_url", "/size_cm", "/sightings", "/taxonomy"])
  }

  @Test func theSampleIsThatOfTheGuide() {
    #expect(SampleData.animals.map(\.species) == ["cardui", "atalanta", "barbipes"])
    #expect(SampleData.animals.map(\.sizeCm) == [5.5, 4.8, 0.6])
    #expect(SampleData.animals.map(\.sightings) == [12, 43, 4])
    #expect(SampleData.animals.allSatisfy { $0.taxonomy.count == 4 })
    #expect(Set(SampleData.plants.map(\.species)).count == 88)
    #expect(SampleData.plants.reduce(0) { $0 + $1.sightings } == 350)
  }
}
