public struct HTTPThing { public init() {} }
