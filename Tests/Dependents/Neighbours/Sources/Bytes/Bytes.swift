public struct BytesThing { public init() {} }
