import Cassandra
import CassandraTelemetry
import Testing

@testable import CassandraAstra

@Suite struct CredentialTests {
  private func error(_ credentials: AstraCredentials) -> AstraError? {
    do { _ = try credentials.checked() } catch { return error }
    return nil
  }

  @Test func aTokenIsThePasswordOfTheUserToken() throws {
    let credentials = try AstraCredentials.token(Secret("AstraCS:abc:def")).checked()
    #expect(credentials.username == "token" && credentials.password.reveal() == "AstraCS:abc:def")
    let client = try AstraCredentials.client(id: "id", secret: Secret("secret")).checked()
    #expect(client.username == "id" && client.password.reveal() == "secret")
  }

  @Test(arguments: [
    (AstraCredentials.token(Secret("")), "AstraCS:"), (.token(Secret("AstraCS:")), "AstraCS:"),
    (.token(Secret("astracs:a")), "AstraCS:"), (.token(Secret("AstraCS:a\n")), "white space"),
    (.token(Secret("AstraCS:a\0b")), "control character"),
    (.client(id: "AstraCS:a", secret: Secret("s")), "is a token"),
    (.client(id: "", secret: Secret("s")), "client id is empty"),
    (.client(id: "i", secret: Secret("")), "client secret is empty"),
    (.client(id: "i", secret: Secret("a b")), "client secret has white space"),
  ]) func whatCannotBeRightIsRefused(_ credentials: AstraCredentials, _ words: String) {
    let error = error(credentials)
    #expect(error?.code == .credentials)
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
