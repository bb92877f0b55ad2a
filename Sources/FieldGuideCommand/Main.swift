import FieldGuide
import Terminal

@main struct Main {
  static func main() async { await FieldGuide.program.main() }
}
