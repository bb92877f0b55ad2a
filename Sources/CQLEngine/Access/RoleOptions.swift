import CassandraBytes
import CQLLanguage

/// What the options of a role may be.
enum RoleOptions {
  /// The class that Cassandra's messages name.
  private static let manager = "org.apache.cassandra.auth.CassandraRoleManager"
  /// Bytes of a password: 64 KiB, far more than count.
  private static let maximumPasswordBytes = 64 << 10

  /// Refuses options that are not supported. Where passwords are not checked (`areChecked` false), none can be set.
  static func check(_ options: [RoleOption], areChecked: Bool) throws(EngineFailure) {
    for option in options {
      switch option {
      case .login, .superuser, .accessToDatacenters, .accessFromCIDRs: break
      case .options: throw EngineFailure.invalid("\(manager) doesn't support OPTIONS")
      case .password(.plain(let password)):
        guard areChecked else { throw EngineFailure.invalid("\(manager) doesn't support PASSWORD") }
        guard !password.utf8.contains(0), password.utf8.count <= maximumPasswordBytes else {
          throw EngineFailure.invalid("A password has at most \(maximumPasswordBytes) bytes, and none of them is NUL")
        }
      case .password(.hashed(let hash)):
        guard areChecked else { throw EngineFailure.invalid("\(manager) doesn't support HASHED PASSWORD") }
        guard Bcrypt.isAvailable, Bcrypt.isHash(hash) else {
          throw EngineFailure.invalid("Invalid hashed password value. Please use jBcrypt.")
        }
      }
    }
  }

  /// Refuses places that there are not. The others are taken and change nothing: nobody asks where a client is, which is
  /// what Cassandra does by default.
  static func checkPlaces(_ options: [RoleOption], dataCentre: String) throws(EngineFailure) {
    for option in options {
      switch option {
      case .accessToDatacenters(let names?):
        guard names.allSatisfy({ ByteText($0) == ByteText(dataCentre) }) else {
          throw EngineFailure.invalid(
            "Invalid value(s) for DATACENTERS '[\(names.joined(separator: ", "))]',All values must be valid datacenters"
          )
        }
      case .accessFromCIDRs(let names?):
        throw EngineFailure.invalid(
          "Invalid CIDR group(s): [\(names.joined(separator: ", "))]. Available CIDR Groups are: []")
      default: break
      }
    }
  }
}

extension RoleOption {
  /// What it says of the status of a superuser, if it is about that.
  var isSuperuser: Bool? {
    guard case .superuser(let isSuperuser) = self else { return nil }
    return isSuperuser
  }

  /// What it says about places, as Cassandra's messages name it.
  var placesName: String? {
    switch self {
    case .accessToDatacenters: "to datacenters"
    case .accessFromCIDRs: "from CIDR groups"
    default: nil
    }
  }

  /// The name of an option that nobody may alter for themselves.
  var protectedName: String? {
    switch self {
    case .password, .accessToDatacenters, .accessFromCIDRs: nil
    case .options: "OPTIONS"
    case .superuser: "SUPERUSER"
    case .login: "LOGIN"
    }
  }
}
