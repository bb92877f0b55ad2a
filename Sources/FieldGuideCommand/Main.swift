import FieldGuide
import CassandraTerminal

@main struct Main {
  static func main() { FieldGuide.program.main() }
}
