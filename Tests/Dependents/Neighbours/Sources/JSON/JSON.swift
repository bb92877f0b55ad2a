public struct JSONThing { public init() {} }
