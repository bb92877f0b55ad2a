public struct WebThing { public init() {} }
