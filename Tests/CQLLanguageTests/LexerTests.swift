import Testing

@testable import CQLLanguage

@Suite struct LexerTests {
}
