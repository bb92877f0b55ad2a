import Foundation

/// The statements in Corpus/ with what a real Cassandra says of them.
enum Corpus {
  enum Answer: Equatable {
    case accepted
    case refused(String)
    /// Cassandra's parser failed with an exception, so its message is of no use.
    case failed
  }

  struct Entry: Sendable {
    var statement: String
    var answer: Answer
  }

  static let entries: [Entry] = {
    let statements = lines("statements.txt").filter { !$0.isEmpty && !$0.hasPrefix("#") }
    let answers = lines("answers.tsv").dropLast()
    precondition(statements.count == answers.count, "run ask_cassandra.py again")
    return zip(statements, answers).map { statement, answer in
      let parts = answer.split(separator: "\t", maxSplits: 1)
      let value: Answer =
        switch parts[0] {
        case "A": .accepted
        case "S": .refused(unescaped(parts[1]))
        default: .failed
        }
      return Entry(statement: unescaped(statement), answer: value)
    }
  }()

  private static func lines(_ name: String) -> [Substring] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")
    guard let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8) else { return [] }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  private static func unescaped(_ line: Substring) -> String {
    var result = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        switch scalar {
        case "n": result.unicodeScalars.append("\n")
        case "r": result.unicodeScalars.append("\r")
        case "t": result.unicodeScalars.append("\t")
        default: result.unicodeScalars.append(scalar)
        }
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
