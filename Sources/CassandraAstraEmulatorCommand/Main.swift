import CassandraTerminal

@main struct Main {
  static func main() async { await EmulatorCommand.program.main() }
}
