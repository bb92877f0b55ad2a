import CassandraTerminal

@main struct Main {
  static func main() { EmulatorCommand.program.main() }
}
