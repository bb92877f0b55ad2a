import CassandraTerminal

@main struct Main {
  static func main() async { await NodeCommand.program.main() }
}
