internal import CassandraBytes

extension String {
  /// Whether both have the same code points; Swift's own comparison ignores how accents are composed.
  func hasSameBytes(as other: String) -> Bool { utf8.span.isEqual(to: other.utf8.span) }
}

/// Finds members by name, in constant time however many there are.
///
/// A stranger chooses the names. So they are hashed by their bytes: Swift hashes a string by its normal form, which lets
/// one make any number of different names with the same hash.
struct MemberIndex {
  private struct Name: Hashable {
    let text: String

    static func == (left: Name, right: Name) -> Bool { left.text.hasSameBytes(as: right.text) }

    func hash(into hasher: inout Hasher) {
      var word: UInt64 = 0
      var count = 0
      for byte in text.utf8 {
        word = word << 8 | UInt64(byte)
        count += 1
        if count & 7 == 0 { hasher.combine(word) }
      }
      hasher.combine(word)
      hasher.combine(count)
    }
  }

  /// With as few members as this, comparing all names is faster than hashing one.
  private static let fewMembers = 8

  private var positions: [Name: Int] = [:]

  init() {}

  init(_ members: [JSONValue.Member]) {
    guard members.count > Self.fewMembers else { return }
    positions.reserveCapacity(members.count)
    for (position, member) in members.enumerated() { positions[Name(text: member.name)] = position }
  }

  /// The position of the last member with this name in `members`, all of which have to be in the index.
  func position(of name: String, in members: [JSONValue.Member]) -> Int? {
    guard members.count > Self.fewMembers else { return members.lastIndex { $0.name.hasSameBytes(as: name) } }
    return positions[Name(text: name)]
  }

  /// Takes in the last of `members`, which has just been appended.
  mutating func didAppend(to members: [JSONValue.Member]) {
    if members.count == Self.fewMembers + 1 {
      self = MemberIndex(members)
    } else if members.count > Self.fewMembers {
      positions[Name(text: members[members.count - 1].name)] = members.count - 1
    }
  }
}
