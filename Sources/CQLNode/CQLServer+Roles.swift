internal import CQLEngine
internal import CassandraReactor
internal import CassandraTelemetry

extension CQLServer {
  /// Makes sure, before anybody is served, that somebody can log in where everybody has to.
  func makeRoles(_ engine: Engine, onFirstUser: (NodeUser) -> Void) async throws(NodeError) {
    guard configuration.hasLogins else {
      if engine.hasRoles {
        logger.warning(
          "there are roles in the data, and nobody has to log in",
          ["reason": .text("authentication is off: whoever can connect may do everything")])
      }
      return
    }
    let user: NodeUser
    if let configured = configuration.user {
      user = configured
    } else {
      guard !engine.hasRoles else { return }
      user = NodeUser(name: Self.firstUserName, password: Secret(Self.newPassword()))
      // Before it counts: a password that is told too early is of no use to anybody, one that is never told is lost.
      onFirstUser(user)
    }
    do throws(EngineStartError) {
      try await engine.makeSure(ofSuperuser: user.name, Array(user.password.reveal().utf8))
    } catch { throw NodeError(.storage, error.description, cause: error) }
  }

  /// Keeps the password of the configured user when another was kept for it; takes a while, in the background.
  func settleRoles(_ engine: Engine) async {
    guard let user = configuration.user else { return }
    do throws(EngineStartError) {
      try await engine.settleSuperuser(user.name, Array(user.password.reveal().utf8))
    } catch { logger.error("a password was not kept", ["user": .text(user.name), "reason": .text("\(error)")]) }
  }

  /// The superuser that is made when nobody says which: the name that Cassandra's has, too.
  static let firstUserName = "cassandra"
  /// Characters of a password that is made: 26, of 32 kinds, so it has 130 bits.
  private static let passwordCount = 26

  private static func newPassword() -> String {
    var generator = SystemRandomNumberGenerator()
    // Without those that are taken for each other.
    let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
    return String((0..<passwordCount).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
  }
}
