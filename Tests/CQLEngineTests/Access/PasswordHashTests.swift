import Testing

@testable import CQLEngine

@Suite(.timeLimit(.minutes(5))) struct PasswordHashTests {
  /// Hashes that others have made: the first of each cost by jBCrypt's own tests, the last two by a Cassandra 5.0.
  private static let known = [
    ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
    ("d", "$2a$10$gpUIe/ZcsnIaNBWJYoH7YeJa0Cq/ayyFpdADA59reK1HM0eKQwNR6"),
    ("cassandra", "$2a$10$N3L3jkKo7bvm.FXAg0CMlevvukq2uqj/ZTkvTH1VLacWLQJDbffIG"),
  ]

  @Test(.enabled(if: Bcrypt.isAvailable, "the system has no bcrypt"), arguments: known)
  func hashesOfOthersAreKnown(password: String, hash: String) {
    #expect(PasswordHash.isHash(hash, of: Array(password.utf8)))
    #expect(!PasswordHash.isHash(hash, of: Array(password.utf8) + [120]))
  }

  @Test(arguments: PasswordHash.Kind.allCases) func whatIsMadeIsKnown(kind: PasswordHash.Kind) throws {
    guard kind == .pbkdf2 || Bcrypt.isAvailable else { return }
    for password in ["", "x", "pässword", String(repeating: "long ", count: 40)] {
      let bytes = Array(password.utf8)
      let hash = try #require(PasswordHash.make(bytes, kind))
      #expect(PasswordHash.isHash(hash, of: bytes))
      #expect(!PasswordHash.isHash(hash, of: [1] + bytes))
      #expect(PasswordHash.make(bytes, kind) != hash, "each has a salt of its own")
    }
    #expect(PasswordHash.make([1, 0, 2], kind) == nil)
  }

  @Test func whatIsNoHashIsThatOfNothing() {
    let hash = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"
    let damaged = [
      "", "abc", "$", "$2a$", String(hash.dropLast()), hash + ".", hash.replacing("$2a$", with: "$2b$"),
      hash.replacing("$06$", with: "$40$"), hash.replacing("$06$", with: "$03$"), hash.replacing("$06$", with: "$-6$"),
      hash.replacing("I", with: "!"), "$pbkdf2-sha512$", "$pbkdf2-sha512$1$$", "$pbkdf2-sha512$0$00$00",
      "$pbkdf2-sha512$99999999$00$00", "$pbkdf2-sha512$1$0$0", "$pbkdf2-sha512$1$zz$00",
    ]
    for text in damaged {
      #expect(!PasswordHash.isHash(text, of: Array("abc".utf8)), "\(text)")
      #expect(!Bcrypt.isHash(text), "\(text)")
    }
  }

  @Test func aProofIsForOnePasswordAndOneHash() {
    var proofs = PasswordProofs()
    proofs.add([1, 2], of: "a", hash: "h")
    proofs.add([3], of: "b", hash: nil)
    #expect(proofs.has([1, 2], of: "a", hash: "h"))
    #expect(!proofs.has([1, 2], of: "a", hash: "i") && !proofs.has([1, 2], of: "a", hash: nil))
    #expect(!proofs.has([1], of: "a", hash: "h") && !proofs.has([1, 2], of: "b", hash: nil))
    #expect(proofs.has([3], of: "b", hash: nil) && !proofs.has([3], of: "b", hash: "h"))
  }
}
