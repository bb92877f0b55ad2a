/// The place of an element in an array.
struct IndexKey: CodingKey {
  let index: Int

  init(_ index: Int) { self.index = index }

  init?(intValue: Int) { self.init(intValue) }

  init?(stringValue: String) {
    guard let index = Int(stringValue) else { return nil }
    self.init(index)
  }

  var intValue: Int? { index }

  var stringValue: String { String(index) }
}

/// The key of a superclass's part, as Swift's own coders name it.
struct SuperKey: CodingKey {
  init() {}

  init?(intValue: Int) { nil }

  init?(stringValue: String) { if stringValue != "super" { return nil } }

  var intValue: Int? { nil }

  var stringValue: String { "super" }
}
