import CassandraAstra
import Testing

@Suite struct BundleTests {
  @Test func aBundleThatIsNoArchiveIsRefused() {
    #expect { try SecureConnectBundle(zip: Array("PK?".utf8)) } throws: { ($0 as? AstraError)?.code == .bundleNotZip }
  }
}
