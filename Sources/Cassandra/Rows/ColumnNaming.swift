/// How the coding keys of a type become the names of columns, and of the fields of user-defined types.
///
/// ```swift
/// struct Animal: Decodable { var imageUrl: String?, sizeCm: Float }
/// for try await animal in rows.decode(Animal.self, naming: .snakeCase) { … }    // image_url, size_cm
/// ```
public struct ColumnNaming: Sendable {
  let convert: (@Sendable (String) -> String)?

  /// A key is the name: the default.
  public static let asWritten = ColumnNaming(convert: nil)

  /// `imageUrl`, `imageURL` and `image_url` are `image_url`.
  public static let snakeCase = ColumnNaming { snakeCased($0) }

  /// A function from keys to names; it is called once for each key of a page.
  public static func custom(_ convert: @escaping @Sendable (String) -> String) -> ColumnNaming {
    ColumnNaming(convert: convert)
  }

  private init(convert: (@Sendable (String) -> String)?) { self.convert = convert }

  private static func snakeCased(_ key: String) -> String {
    let bytes = Array(key.utf8)
    func isUpper(_ index: Int) -> Bool { bytes.indices.contains(index) && (65...90).contains(bytes[index]) }
    func isLower(_ index: Int) -> Bool { bytes.indices.contains(index) && (97...122).contains(bytes[index]) }
    var name: [UInt8] = []
    for index in bytes.indices {
      guard isUpper(index) else {
        name.append(bytes[index])
        continue
      }
      // A word begins at the first capital of several, and at the last one when a small letter follows.
      let isAfterWord = index > 0 && bytes[index - 1] != UInt8(ascii: "_") && !isUpper(index - 1)
      if isAfterWord || (isUpper(index - 1) && isLower(index + 1)) { name.append(UInt8(ascii: "_")) }
      name.append(bytes[index] | 0x20)
    }
    return String(decoding: name, as: UTF8.self)
  }
}
