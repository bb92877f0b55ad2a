import FieldGuide
import CassandraTerminal

@main struct Main {
  static func main() async { await FieldGuide.program.main() }
}
