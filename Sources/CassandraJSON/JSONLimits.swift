/// How large a text may be that a reader accepts.
///
/// A text that goes beyond a limit is an error that names it. The tree of a text can take some forty times its bytes
/// (arrays inside arrays are the worst), so ``bytes`` bounds memory as well.
public struct JSONLimits: Hashable, Sendable {
  /// The depth beyond which no limit goes, because programs walk trees by recursion: 1,000.
  public static let deepest = 1_000

  /// How many bytes the whole text may have, white space included; 1 MiB by default.
  public var bytes: Int

  /// How many arrays and objects may be open inside each other; 64 by default, never more than ``deepest``.
  ///
  /// A number or string alone has depth 0, and `[]` has depth 1.
  public var depth: Int

  /// How many bytes of UTF-8 the name of a member may have once its escapes are replaced; 1,024 by default.
  ///
  /// Names are compared by their bytes here, but a type that is decoded, such as a dictionary, makes keys of `String`,
  /// whose hash takes time in the square of a run of combining marks: this bounds the run.
  public var nameBytes: Int

  /// How many bytes of UTF-8 a string may have once its escapes are replaced; 256 KiB by default.
  public var stringBytes: Int

  /// How many bytes a number may have as it is written; 1,024 by default.
  public var numberBytes: Int

  /// The limits that are given, and the defaults for the others.
  public init(
    bytes: Int = 1 << 20, depth: Int = 64, nameBytes: Int = 1_024, stringBytes: Int = 256 << 10,
    numberBytes: Int = 1_024
  ) {
    (self.bytes, self.depth, self.nameBytes) = (bytes, depth, nameBytes)
    (self.stringBytes, self.numberBytes) = (stringBytes, numberBytes)
  }
}
