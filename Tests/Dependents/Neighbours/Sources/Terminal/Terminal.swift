public struct TerminalThing { public init() {} }
