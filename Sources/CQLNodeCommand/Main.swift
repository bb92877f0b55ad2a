import CassandraTerminal

@main struct Main {
  static func main() { NodeCommand.program.main() }
}
