import Cassandra
import CassandraAstra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry
import Testing

/// All that is said while every fault is gone through: log lines at the lowest level, and errors in every form.
@Suite(.timeLimit(.minutes(5))) struct AstraSecretTests {
  private final class Words: LogSink {
    private let texts = Locked<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }

    func write(_ record: LogRecord) {
      add(record.message + " " + record.fields.map { "\($0.name)=\($0.value)" }.joined(separator: " "))
    }

    func add(_ error: any Error) {
      var text = ""
      dump(error, to: &text)
      add("\(error) \(String(reflecting: error)) \(error.localizedDescription) \(text)")
    }
  }

  /// What nobody may see: the token and the secret, whole or in parts, and every line of the key.
  private static func secrets(_ emulator: AstraEmulator) -> [String] {
    let configuration = emulator.configuration
    let token = configuration.token.reveal()
    let key = String(decoding: emulator.clientIdentity.privateKey, as: UTF8.self).split(separator: "\n").map(
      String.init)
    return [String(token.dropFirst("AstraCS:".count).prefix(16)), String(token.suffix(16)), "PRIVATE KEY"]
      + [
        String(configuration.clientSecret.reveal().prefix(16)), String(configuration.clientSecret.reveal().suffix(16)),
      ]
      + key.filter { !$0.hasPrefix("-----") && $0.count >= 16 }
  }

  @Test func noSecretIsSaid() async throws {
    let words = Words()
    let logger = CassandraLogger(label: "test", level: .trace, sink: words)
    try await EmulatedDatabase.run { database in
      let emulator = database.emulator
      let secrets = Self.secrets(emulator)
      for credentials in [
        AstraCredentials.token(emulator.configuration.token),
        .client(id: emulator.configuration.clientID, secret: emulator.configuration.clientSecret),
      ] {
        words.add("\(credentials)")
        for fault in StartFault.all {
          try await fault.apply(emulator)
          let configuration = try database.configuration(credentials: credentials, logger: logger)
          try await database.withClient(configuration, logger: logger) { client in
            let (error, _) = await outcome { try await client.ping() }
            if let error { words.add(error) }
            try await emulator.heal()
            await client.untilAnswered()
            let (second, _) = await outcome { try await client.query("SELECT nothing FROM nowhere.at_all") }
            if let second { words.add(second) }
          }
        }
      }
      for certificate in [AstraEmulator.BundleCertificate.missing, .expired] {
        do { _ = try database.configuration(bundle: certificate, logger: logger) } catch { words.add(error) }
      }
      // A token in the wrong place.
      let token = emulator.configuration.token
      for credentials in [
        AstraCredentials.client(id: token.reveal(), secret: token), .token(Secret("x\(token.reveal())")),
        .token(emulator.configuration.clientSecret), .token(Secret(token.reveal() + "\n")),
      ] {
        do { _ = try database.configuration(credentials: credentials, logger: logger) } catch { words.add(error) }
      }
      let all = words.all
      // The logs are there, and their connections as well.
      #expect(all.count > 2 * StartFault.all.count)
      #expect(all.contains { $0.contains("localhost") })
      for secret in secrets {
        #expect(!all.contains { $0.contains(secret) }, "a secret of \(secret.count) characters was said")
      }
    }
  }
}
