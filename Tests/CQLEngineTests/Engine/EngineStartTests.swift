import CQLEngine
import CassandraWire
import Testing

@Suite("An engine")
struct EngineStartTests {
  @Test("advertises where it listens by default")
  func defaults() {
    let configuration = EngineConfiguration(location: .temporary)
    #expect(configuration.address.description == "127.0.0.1:9042")
    #expect(configuration.dataCentre == "datacenter1")
  }
}
