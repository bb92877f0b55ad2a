internal import CassandraBytes

/// Comparison of texts in this module: by their bytes, as names of strangers have to be.
///
/// Swift's own ignores how accents are composed, which makes two different names one, and takes time that grows with the
/// square of a run of combining marks. A declaration of the module stands before the standard library's, so that `==`,
/// `!=`, patterns of a `switch` and the equality that the compiler derives for a type cannot be the wrong ones here.
/// Keys of dictionaries and members of sets are `ByteText`, since what hashes goes through generic code.
extension String {
  static func == (left: String, right: String) -> Bool { left.hasSameBytes(as: right) }
  static func != (left: String, right: String) -> Bool { !left.hasSameBytes(as: right) }
  static func ~= (pattern: String, value: String) -> Bool { pattern.hasSameBytes(as: value) }
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
}
