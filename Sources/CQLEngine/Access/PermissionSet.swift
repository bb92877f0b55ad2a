import CQLLanguage

/// Some of the permissions.
struct PermissionSet: OptionSet, Sendable, Hashable {
  var rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ permission: Permission) {
    rawValue =
      switch permission {
      case .create: 1
      case .alter: 1 << 1
      case .drop: 1 << 2
      case .select: 1 << 3
      case .modify: 1 << 4
      case .authorize: 1 << 5
      case .describe: 1 << 6
      case .execute: 1 << 7
      case .unmask: 1 << 8
      case .selectMasked: 1 << 9
      }
  }

  init(_ permissions: [Permission]) {
    self.init()
    for permission in permissions { insert(PermissionSet(permission)) }
  }

  /// All that there are.
  static let all = PermissionSet(Permission.allCases)

  /// Whether the permission is one of them.
  func contains(_ permission: Permission) -> Bool { contains(PermissionSet(permission)) }

  /// Them in the order in which Cassandra lists them.
  var sorted: [Permission] { Permission.allCases.filter { contains($0) } }
}
