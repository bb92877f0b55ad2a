import Foundation
import CassandraTelemetry

/// Collects what became of each fault and, where the environment asks for it by `ASTRA_FAULT_TABLE`, prints it as rows
/// of a table in Markdown.
enum FaultTable {
  private static let isWanted = ProcessInfo.processInfo.environment["ASTRA_FAULT_TABLE"] != nil

  /// Adds a row.
  ///
  /// - Parameters:
  ///   - fault: What was wrong.
  ///   - outcome: The error's text, or what happens in its place.
  ///   - reported: How long it took until a request was told.
  ///   - healed: How long it took until requests succeeded, from when all was well again or, where the driver has to heal
  ///     it, from when the fault began.
  static func add(_ fault: String, code: String, outcome: String, reported: Duration?, healed: Duration?) {
    guard isWanted else { return }
    // One write, so that tests that run beside each other do not mix their lines.
    let line = "ASTRA-FAULT | \(fault) | `\(code)` | \(outcome) | \(text(reported)) | \(text(healed)) |\n"
    FileHandle.standardOutput.write(Data(line.utf8))
  }

  private static func text(_ time: Duration?) -> String {
    guard let time else { return "–" }
    return time < .seconds(1)
      ? "\(Int(time / .milliseconds(1))) ms"
      : time.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1)))
  }
}
