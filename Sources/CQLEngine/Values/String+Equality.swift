import CassandraBytes

/// Comparison of texts in this module: by their bytes, as names of strangers have to be.
///
/// Swift's own ignores how accents are composed, which makes two different names one, and takes time that grows with the
/// square of a run of combining marks. A declaration of the module stands before the standard library's, so that `==`,
/// `!=`, patterns of a `switch` and the equality that the compiler derives for a type cannot be the wrong ones here. That
/// is why each module that reads texts of strangers has a copy of this file; `Scripts/check-layers` keeps them the same.
/// Keys of dictionaries and members of sets are `ByteText`, since what hashes goes through generic code.
extension String {
  static func == (left: String, right: String) -> Bool { left.hasSameBytes(as: right) }
  static func != (left: String, right: String) -> Bool { !left.hasSameBytes(as: right) }
  static func ~= (pattern: String, value: String) -> Bool { pattern.hasSameBytes(as: value) }
  static func < (left: String, right: String) -> Bool { left.precedes(right) }
}

extension String? {
  static func == (left: String?, right: String?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): left.hasSameBytes(as: right)
    case (nil, _?), (_?, nil): false
    }
  }
  static func != (left: String?, right: String?) -> Bool { !(left == right) }
}

extension Sequence<String> {
  func contains(_ text: String) -> Bool { contains { $0.hasSameBytes(as: text) } }
  func sorted() -> [String] { sorted { $0.precedes($1) } }
}

extension [String] {
  static func == (left: [String], right: [String]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.hasSameBytes(as: $1) }
  }
  static func != (left: [String], right: [String]) -> Bool { !(left == right) }
  func firstIndex(of text: String) -> Int? { firstIndex { $0.hasSameBytes(as: text) } }
}

extension [ByteText: String] {
  static func == (left: Self, right: Self) -> Bool {
    left.count == right.count && left.allSatisfy { key, value in right[key]?.hasSameBytes(as: value) ?? false }
  }
  static func != (left: Self, right: Self) -> Bool { !(left == right) }
}
