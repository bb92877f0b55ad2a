import CassandraBytes
import CQLLanguage
import CassandraWire

/// What a permission is for, with the names that Cassandra has for it.
enum AccessResource: Sendable {
  case allKeyspaces
  case keyspace(String)
  case allTables(in: String)
  case table(String, in: String)
  case allRoles
  case role(String)
  case allFunctions
  case functions(in: String)
  /// A function or an aggregate, with the types of its arguments.
  case function(String, [CQLType], in: String)
  case allMBeans
  case mbean(String)

  /// Under which it is kept, and stands in `system_auth.role_permissions`.
  var path: ByteText {
    switch self {
    case .allKeyspaces: "data"
    case .keyspace(let name): ByteText("data/\(name)")
    case .allTables(let keyspace): ByteText("data/\(keyspace)/*")
    case .table(let name, let keyspace): ByteText("data/\(keyspace)/\(name)")
    case .allRoles: "roles"
    case .role(let name): ByteText("roles/\(name)")
    case .allFunctions: "functions"
    case .functions(let keyspace): ByteText("functions/\(keyspace)")
    case .function(let name, let types, let keyspace):
      ByteText("functions/\(keyspace)/\(name)[\(types.map(\.marshalClassName).joined(separator: "^"))]")
    case .allMBeans: "mbean"
    case .mbean(let name): ByteText("mbean/\(name)")
    }
  }

  /// The resource of such a path; nil when it is none.
  init?(_ path: ByteText) {
    let parts = path.text.split(ascii: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let kind = parts.first else { return nil }
    let name = parts.count > 1 ? String(parts[1]) : nil
    switch ByteText(String(kind)) {
    case "data":
      guard let name else { self = .allKeyspaces; return }
      let parts = name.split(ascii: "/", omittingEmptySubsequences: false)
      switch parts.count {
      case 1: self = .keyspace(name)
      case 2 where ByteText(String(parts[1])) == "*": self = .allTables(in: String(parts[0]))
      case 2: self = .table(String(parts[1]), in: String(parts[0]))
      default: return nil
      }
    case "roles": self = name.map { .role($0) } ?? .allRoles
    case "functions":
      guard let name else { self = .allFunctions; return }
      self = Self.function(name) ?? .functions(in: name)
    case "mbean": self = name.map { .mbean($0) } ?? .allMBeans
    default: return nil
    }
  }

  /// The function of the rest of a path, `keyspace/name[types]`; nil when it is that of a keyspace.
  private static func function(_ path: String) -> AccessResource? {
    let parts = path.split(ascii: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let start = parts[1].firstIndex(ofASCII: "["), parts[1].hasSuffix(bytesOf: "]") else {
      return nil
    }
    let types = parts[1][parts[1].utf8.index(after: start)...].dropLast(bytes: 1).split(ascii: "^")
    return .function(
      String(parts[1][..<start]), types.map { CQLType(marshalClassName: String($0)) }, in: String(parts[0]))
  }

  /// What includes it; nil for what nothing includes.
  var parent: AccessResource? {
    switch self {
    case .allKeyspaces, .allRoles, .allFunctions, .allMBeans: nil
    case .keyspace: .allKeyspaces
    case .allTables(let keyspace): .keyspace(keyspace)
    case .table(_, let keyspace): .allTables(in: keyspace)
    case .role: .allRoles
    case .functions: .allFunctions
    case .function(_, _, let keyspace): .functions(in: keyspace)
    case .mbean: .allMBeans
    }
  }

  /// The permissions that there are for it.
  var applicable: PermissionSet {
    switch self {
    case .allKeyspaces, .keyspace, .allTables:
      PermissionSet([.create, .alter, .drop, .select, .modify, .authorize, .unmask, .selectMasked])
    case .table: PermissionSet([.alter, .drop, .select, .modify, .authorize, .unmask, .selectMasked])
    case .allRoles: PermissionSet([.create, .alter, .drop, .authorize, .describe])
    case .role: PermissionSet([.alter, .drop, .authorize, .describe])
    case .allFunctions, .functions: PermissionSet([.create, .alter, .drop, .authorize, .execute])
    case .function: PermissionSet([.alter, .drop, .authorize, .execute])
    case .allMBeans, .mbean: PermissionSet([.select, .modify, .authorize, .describe, .execute])
    }
  }
}

extension AccessResource: CustomStringConvertible {
  /// As Cassandra's messages and lists name it.
  var description: String {
    switch self {
    case .allKeyspaces: "<all keyspaces>"
    case .keyspace(let name): "<keyspace \(name)>"
    case .allTables(let keyspace): "<all tables in \(keyspace)>"
    case .table(let name, let keyspace): "<table \(keyspace).\(name)>"
    case .allRoles: "<all roles>"
    case .role(let name): "<role \(name)>"
    case .allFunctions: "<all functions>"
    case .functions(let keyspace): "<all functions in \(keyspace)>"
    case .function(let name, let types, let keyspace):
      "<function \(keyspace).\(name)(\(types.map { CQLTypeText.text($0) }.joined(separator: ", ")))>"
    case .allMBeans: "<all mbeans>"
    case .mbean(let name): "<mbean \(name)>"
    }
  }
}
