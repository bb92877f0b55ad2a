import Measuring

/// `storage-bench layout [directory]` compares kinds of tables and sizes of pages in SQLite itself;
/// `storage-bench store [directory]` measures the node's storage.
@main struct StorageBench {
  static func main() async { await runProgram("storage-bench") { try await run() } }

  private static func run() async throws {
    let arguments = CommandLine.arguments
    let directory = arguments.count > 2 ? arguments[2] : "/var/tmp/storage-bench"
    switch arguments.count > 1 ? arguments[1] : "" {
    case "layout": try LayoutBench(directory: directory).run()
    case "store": try await StoreBench(directory: directory).run()
    default: print("usage: storage-bench layout|store [directory]")
    }
  }
}

/// Prints one line of a table with columns of twelve characters.
func printRow(_ name: String, _ cells: [String]) {
  func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  print(name + String(repeating: " ", count: max(1, 32 - name.count)) + cells.map { padded($0, 12) }.joined())
}
