/// The version of the package.
package enum PackageVersion {
  /// The one place where it stands: programs print it, the driver tells it to servers, and `Scripts/version` reads it for
  /// what is packed.
  package static let text = "0.2.0"
}
