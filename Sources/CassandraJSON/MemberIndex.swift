internal import CassandraBytes

/// Finds members by name, in constant time however many there are.
///
/// A stranger chooses the names, so they are compared and hashed by their bytes.
struct MemberIndex {
  /// With as few members as this, comparing all names is faster than hashing one.
  private static let fewMembers = 8

  private var positions: [ByteText: Int] = [:]

  init() {}

  init(_ members: ArraySlice<JSONValue.Member>) {
    guard members.count > Self.fewMembers else { return }
    positions.reserveCapacity(members.count)
    for (position, member) in members.enumerated() { positions[member.name] = position }
  }

  /// The position of the last member with this name in `members`, all of which have to be in the index; counted from the
  /// first of them.
  func position(of name: ByteText, in members: ArraySlice<JSONValue.Member>) -> Int? {
    guard members.count > Self.fewMembers else {
      return members.lastIndex { $0.name == name }.map { $0 - members.startIndex }
    }
    return positions[name]
  }

  /// Takes in the last of `members`, which has just been appended.
  mutating func didAppend(to members: ArraySlice<JSONValue.Member>) {
    if members.count == Self.fewMembers + 1 {
      self = MemberIndex(members)
    } else if members.count > Self.fewMembers {
      positions[members[members.endIndex - 1].name] = members.count - 1
    }
  }
}
