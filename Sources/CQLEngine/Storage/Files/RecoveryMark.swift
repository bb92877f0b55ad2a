#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif
internal import CassandraBytes

/// What was last known of a store's files, in a file beside them: how much of the log had been acknowledged, and how long
/// the database was.
///
/// SQLite takes a log that is not there, or is shorter than it was, for one that was never written, and an empty database
/// for a new one: acknowledged writes would be missing and nobody would be told. With the mark the two differ.
///
/// It is written after each commit, behind the sync of the log, and never synced itself. So it may lag behind after a
/// loss of power, and then asks for less; it never asks for more than has reached the disk. It has two places that are
/// written in turn, each with a checksum, so that a torn one leaves the other.
final class RecoveryMark {
  /// What one place of the file says.
  struct Known: Equatable {
    var sequence: UInt64 = 0
    /// Whether the store was closed in order, after which there need not be a log.
    var isClean = false
    /// The salts in the log's header, which are others each time the log begins anew; 0: there was no log.
    var salts: UInt64 = 0
    /// Frames of the log that belong to acknowledged writes.
    var frames: UInt32 = 0
    /// Bytes of the database, which never becomes shorter.
    var databaseBytes: UInt64 = 0
  }

  private static let name = "/mark"
  private static let magic: UInt32 = 0x4351_4c6d  // "CQLm"
  private static let placeBytes = 44
  private static let placeDistance = 512
  private static let checksumKey = SipKey([UInt8](repeating: 0x6d, count: SipKey.byteCount))

  private let file: Int32
  private let databasePath: String
  private var known: Known
  private var bytes: [UInt8] = []

  private init(_ file: Int32, _ databasePath: String, _ known: Known) {
    self.file = file
    self.databasePath = databasePath
    self.known = known
  }

  deinit { closeDescriptor(file) }

  // MARK: Opening

  /// Compares the files of a directory that nobody has open with its mark, and opens the mark for writing. Throws
  /// `lossFound` when something is missing, unless that is accepted; a directory without a mark, or with a damaged one,
  /// is taken as it is.
  static func open(_ directory: String, database: String, acceptsLoss: Bool) throws(StorageError) -> RecoveryMark {
    let path = directory + name
    let file = openFile(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw StorageError(.cannotOpen, logDetail: "opening \(path): \(systemMessage())") }
    let mark = RecoveryMark(file, database, read(file) ?? Known())
    if !acceptsLoss, let loss = loss(mark.known, database) {
      throw StorageError(
        .lossFound,
        logDetail:
          "\(loss) Acknowledged writes are missing. Put the file back, or start with --accept-data-loss to go on "
          + "with what is there.")
    }
    return mark
  }

  private static func read(_ file: Int32) -> Known? {
    var newest: Known?
    for place in 0...1 {
      var bytes = [UInt8](repeating: 0, count: placeBytes)
      guard unsafe pread(file, &bytes, placeBytes, off_t(place * placeDistance)) == placeBytes,
        let known = decode(bytes)
      else { continue }
      if known.sequence >= newest?.sequence ?? 0 { newest = known }
    }
    return newest
  }

  /// What is missing from the files, in a sentence.
  private static func loss(_ known: Known, _ database: String) -> String? {
    guard known.sequence > 0 else { return nil }
    let bytes = size(of: database)
    guard bytes ?? 0 >= known.databaseBytes else {
      return "\(database) has \(bytes ?? 0) bytes, and had \(known.databaseBytes)."
    }
    guard !known.isClean, known.frames > 0 else { return nil }
    let log = database + "-wal"
    guard let logBytes = size(of: log) else { return "\(log) is gone, and had \(known.frames) pages." }
    guard let salts = salts(of: log) else { return "\(log) is empty or not a log, and had \(known.frames) pages." }
    // Another log: it began anew after the database had got all of this one, or it is an old one.
    guard salts == known.salts else {
      let age = UInt32(truncatingIfNeeded: salts >> 32) &- UInt32(truncatingIfNeeded: known.salts >> 32)
      return age == 0 || age > 1 << 31 ? "\(log) is not the log that was there." : nil
    }
    let frames = LogCheck.frames(inBytes: Int(logBytes))
    guard frames >= Int(known.frames) else { return "\(log) has \(frames) pages, and had \(known.frames)." }
    let valid = LogCheck.validFrames(log, atMost: Int(known.frames))
    guard valid >= Int(known.frames) else {
      return "\(log) has \(known.frames) pages, of which only the first \(valid) are right."
    }
    return nil
  }

  private static func size(of path: String) -> UInt64? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return UInt64(clamping: status.st_size)
  }

  /// The salts in a log's header, or nil when it has none.
  private static func salts(of log: String) -> UInt64? {
    let file = openFile(log, O_RDONLY | O_CLOEXEC, 0)
    guard file >= 0 else { return nil }
    defer { closeDescriptor(file) }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard unsafe pread(file, &bytes, 32, 0) == 32, bytes.span.uint32(at: 0) & ~1 == 0x377f_0682 else { return nil }
    return bytes.span.uint64(at: 16)
  }

  // MARK: Writing

  /// Notes that the store is open and has what is there.
  func begin() {
    known.isClean = false
    known.frames = 0
    known.salts = 0
    known.databaseBytes = Self.size(of: databasePath) ?? 0
    write()
  }

  /// Notes that a commit has reached the disk and that the log has so many pages.
  func note(pages: Int) {
    let frames = UInt32(clamping: pages)
    guard frames != known.frames || known.salts == 0 else { return }
    // A log with fewer pages than before has begun anew.
    if frames < known.frames || known.salts == 0 { known.salts = Self.salts(of: databasePath + "-wal") ?? 0 }
    known.frames = frames
    write()
  }

  /// Notes how long the database is, after pages of the log were copied into it. The log may begin anew from now on.
  func noteCheckpoint() {
    known.databaseBytes = Self.size(of: databasePath) ?? 0
    known.salts = 0
  }

  /// Notes that the store is closed in order: nothing more will be written, and the log is removed once all of it is in
  /// the database.
  func end() {
    noteCheckpoint()
    known.isClean = true
    write()
  }

  private func write() {
    known.sequence += 1
    encode(known)
    // A mark that is not written asks for less than it could.
    _ = unsafe pwrite(file, bytes, bytes.count, off_t(Int(known.sequence & 1) * Self.placeDistance))
  }

  private func encode(_ known: Known) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(bigEndian: Self.magic)
    bytes.append(bigEndian: known.sequence)
    bytes.append(bigEndian: UInt32(known.isClean ? 1 : 0))
    bytes.append(bigEndian: known.salts)
    bytes.append(bigEndian: known.frames)
    bytes.append(bigEndian: known.databaseBytes)
    var checksum: UInt64 = 0
    if let key = Self.checksumKey { checksum = SipHash.code(bytes.span, key) }
    bytes.append(bigEndian: checksum)
  }

  private static func decode(_ bytes: [UInt8]) -> Known? {
    let span = bytes.span
    guard span.count == placeBytes, span.uint32(at: 0) == magic, let checksumKey,
      SipHash.code(span.extracting(0..<36), checksumKey) == span.uint64(at: 36)
    else { return nil }
    return Known(
      sequence: span.uint64(at: 4), isClean: span.uint32(at: 12) & 1 != 0, salts: span.uint64(at: 16),
      frames: span.uint32(at: 24), databaseBytes: span.uint64(at: 28))
  }
}
