/// What the storage could not do.
///
/// `description` names no path and no value, so it may be shown to a stranger; `logDetail` may name files.
package struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of failure. More may come: a switch over it needs a default.
  package struct Code: Sendable, Equatable, CustomStringConvertible {
    package let description: String

    /// Another process, or another store of this process, has the directory.
    package static let inUse = Code(description: "the data directory is in use")
    /// The directory was written by a version that this one cannot read.
    package static let unsupportedVersion = Code(description: "the data has an unsupported format version")
    /// The file, or a record in it, is damaged.
    package static let corrupt = Code(description: "the data is corrupt")
    /// Files have less than was acknowledged: a log or the database was removed, emptied or cut.
    package static let lossFound = Code(description: "the data is incomplete")
    /// There is no room on the disk; nothing of the write was kept.
    package static let diskFull = Code(description: "the disk is full")
    /// The operating system reported an error of reading, writing or syncing.
    package static let inputOutput = Code(description: "the disk reported an error")
    /// A sync failed before: no write is taken until the store has been opened anew, because what is on the disk is
    /// not known. Reads go on.
    package static let writesStopped = Code(description: "writes have stopped after a failed sync")
    /// The store is closed.
    package static let closed = Code(description: "the store is closed")
    /// More writes wait than ``StorageLimits`` allow.
    package static let overloaded = Code(description: "too many writes are waiting")
    /// A record would be larger than ``StorageLimits/recordBytes``.
    package static let recordTooLarge = Code(description: "a record is too large")
    /// The partition key of a row of a view would be longer than ``KeyLayout/maximumKeyBytes``.
    package static let viewKeyTooLong = Code(
      description: "the partition key of a row of a materialized view would have more than 65535 bytes")
    /// A mutation is not what its type says; a mistake of the caller.
    package static let invalidMutation = Code(description: "a mutation is malformed")
    /// The file system cannot do what is needed, such as making the directory.
    package static let cannotOpen = Code(description: "the data directory cannot be opened")
  }

  /// What kind of failure it is.
  package let code: Code
  /// For logs: SQLite's or the system's message, which may name files. Empty when there is none.
  package let logDetail: String
  /// Whether a sync has failed: what the disk holds is not known from then on.
  var isFailedSync = false

  package init(_ code: Code, logDetail: String = "") {
    self.code = code
    self.logDetail = logDetail
  }

  package var description: String { code.description }

  /// The same with the file's path before what is for the log, where that does not name it.
  func of(_ file: String) -> StorageError {
    guard !logDetail.contains(file) else { return self }
    var error = StorageError(code, logDetail: logDetail.isEmpty ? file : "\(file): \(logDetail)")
    error.isFailedSync = isFailedSync
    return error
  }

  /// Whether the reason is in the write and not in the file, so that the other writes of its group go on.
  var concernsOneWrite: Bool {
    code == .recordTooLarge || code == .viewKeyTooLong || code == .invalidMutation || self == .damagedRecord
  }

  /// The file is a database of another program.
  static let foreignFile = StorageError(.unsupportedVersion, logDetail: "the file was not made by this program")
  /// The bytes of a record make no sense.
  static let damagedRecord = StorageError(.corrupt, logDetail: "a record does not follow its format")
}
