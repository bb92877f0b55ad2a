import CassandraBytes
import Testing

@Suite struct HiddenPasswordsTests {
  @Test(arguments: [
    (
      "CREATE ROLE a WITH PASSWORD = 'secret' AND LOGIN = true",
      "CREATE ROLE a WITH PASSWORD = ******* AND LOGIN = true"
    ),
    ("alter user a with hashed password 'se''cret'", "alter user a with hashed password *******"),
    (
      "CREATE ROLE a WITH PASSWORD='secret' AND PASSWORD\n=\t$$secret$$ x",
      "CREATE ROLE a WITH PASSWORD=******* AND PASSWORD\n=\t******* x"
    ),
    ("CREATE ROLE a WITH Password = 'secret not closed", "CREATE ROLE a WITH Password = *******"),
    ("CREATE ROLE a WITH PASSWORD = $$secret $ not closed", "CREATE ROLE a WITH PASSWORD = *******"),
    ("CREATE ROLE a WITH PASSWORD = \"secret\"", "CREATE ROLE a WITH PASSWORD = *******"),
    ("SELECT password FROM t WHERE k = 'x'", "SELECT password FROM t WHERE k = 'x'"),
    ("SELECT * FROM t WHERE k = 'x'", "SELECT * FROM t WHERE k = 'x'"), ("PASSWORD", "PASSWORD"), ("", ""),
    ("PASSWORD/**/=/* ' */'secret'", "PASSWORD/**/=/* ' */*******"),
    ("PASSWORD /*/ */ = 'secret' x", "PASSWORD /*/ */ = ******* x"),
    ("PASSWORD -- one\n // two\r= 'secret'", "PASSWORD -- one\n // two\r= *******"),
    ("ALTER USER a WITH PASSWORD 0x1 = 'secret' $$secret$$", "ALTER USER a WITH PASSWORD 0x1 = ******* *******"),
    ("create role a with password, = 'secret' and x = 'yes'", "create role a with password, = ******* and x = *******"),
    ("PASSWORD - 'x'", "PASSWORD - 'x'"), ("PASSWORD /", "PASSWORD /"), ("PASSWORD /* 'x", "PASSWORD /* 'x"),
    ("PASSWORD = ''", "PASSWORD = ''"), ("passwordpassword = 'x'", "passwordpassword = *******"),
  ])
  func whatIsBehindTheWordIsHidden(text: String, shown: String) {
    #expect(HiddenPasswords(in: text).shown == shown)
  }

  @Test func anErrorThatQuotesItHidesItToo() {
    let hidden = HiddenPasswords(in: "CREATE ROLE a WITH PASSWORD = 'secret' bogus")
    #expect(
      hidden.hide(in: "line 1:39 extraneous input (... PASSWORD = 'secret' [bogus]...)")
        == "line 1:39 extraneous input (... PASSWORD = ******* [bogus]...)")
  }

  @Test func anErrorThatQuotesAPieceOfItHidesThat() {
    let hidden = HiddenPasswords(in: "CREATE ROLE a WITH PASSWORD 'topsecretword' bogus")
    for piece in ["['topsecre]...", "(...secretword' [bogus]", "(...psecretw]", "'topsecretword'"] {
      let shown = hidden.hide(in: "line 1:39 mismatched input \(piece)")
      #expect(!shown.contains("secr") && shown.contains("line 1:39 mismatched input"), "\(shown)")
    }
  }

  @Test func anErrorOfALongPasswordSaysNothing() {
    let password = String(repeating: "secret", count: 20_000)
    let hidden = HiddenPasswords(in: "CREATE ROLE a WITH PASSWORD '\(password)' bogus")
    #expect(!hidden.hide(in: "mismatched input '\(password.prefix(1_000))").contains("secret"))
  }

  /// The word within comments, which each one passes over: what costs more than to read it twice is hidden as a whole.
  @Test(.timeLimit(.minutes(5)), arguments: ["password/*", "password--", "password //"])
  func wordsWithinCommentsCostNoSquareOfTheirNumber(word: String) {
    let text = String(repeating: word, count: 200_000) + " */ = 'secret'"
    let hidden = HiddenPasswords(in: text)
    #expect(!hidden.shown.contains("secret") && hidden.shown.hasPrefix(word))
    #expect(!hidden.hide(in: "mismatched input 'secret'").contains("secret"))
  }
}
