#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Tells a write-ahead log that was damaged from one whose end was never synced.
///
/// SQLite reads a log up to the first frame that is not right and takes the rest for a transaction that did not come to
/// its end. After a loss of power that is so. But when a disk has changed a byte in the middle, all acknowledged writes
/// behind it would be gone and nobody would be told. The two differ: the writer begins a transaction only after the one
/// before is synced, so behind a frame that ends a transaction stands another of the same log only when everything
/// before has reached the disk. What is damaged in the log's last transaction cannot be told from a loss of power.
///
/// The layout is that of the SQLite file format, section 4.
struct LogCheck {
  private static let headerBytes = 32
  private static let frameHeaderBytes = 24
  private static let frameBytes = frameHeaderBytes + StoreFormat.pageBytes

  /// The two sums of a frame or of the header; each frame's go on from those of the frame before.
  private struct Checksum: Equatable {
    var first: UInt32 = 0
    var second: UInt32 = 0
  }

  private let file: Int32
  private let path: String
  private let isBigEndian: Bool
  private let salts: ArraySlice<UInt8>

  /// Reads the log of a database that nobody has open. Throws `corrupt`, `cannotOpen`, `inputOutput`.
  static func check(_ path: String) throws(StorageError) {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return }
      throw StorageError(.cannotOpen, logDetail: "opening \(path): \(systemMessage())")
    }
    defer { closeDescriptor(file) }
    var header: [UInt8] = []
    // The header is synced before the first frame is written: a log without frames may have any.
    guard try read(headerBytes + 1, at: 0, of: file, path, into: &header) else { return }
    header.removeLast()
    let magic = word(header, 0)
    guard magic == 0x377f_0682 || magic == 0x377f_0683 else { throw damage(path, "its header is invalid") }
    let isBigEndian = magic & 1 == 1
    let sum = checksum(header[..<24], from: Checksum(), isBigEndian: isBigEndian)
    guard sum == Checksum(first: word(header, 24), second: word(header, 28)) else {
      throw damage(path, "its header's checksum is wrong")
    }
    // Pages of another size are not ours, which the database says better.
    guard word(header, 8) == UInt32(StoreFormat.pageBytes) else { return }
    try LogCheck(file: file, path: path, isBigEndian: isBigEndian, salts: header[16..<24]).checkFrames(after: sum)
  }

  /// How many whole frames a log of so many bytes has.
  static func frames(inBytes bytes: Int) -> Int { max(0, bytes - headerBytes) / frameBytes }

  /// How many of the first `count` frames of a log are right.
  static func validFrames(_ path: String, atMost count: Int) -> Int {
    let file = openFile(path, O_RDONLY | O_CLOEXEC, 0)
    guard file >= 0 else { return 0 }
    defer { closeDescriptor(file) }
    var header: [UInt8] = []
    guard (try? read(headerBytes, at: 0, of: file, path, into: &header)) == true else { return 0 }
    let log = LogCheck(file: file, path: path, isBigEndian: word(header, 0) & 1 == 1, salts: header[16..<24])
    var before = Checksum(first: word(header, 24), second: word(header, 28))
    var frame: [UInt8] = []
    for number in 0..<count {
      guard (try? read(frameBytes, at: headerBytes + number * frameBytes, of: file, path, into: &frame)) == true,
        log.isOurs(frame), log.sum(of: frame, after: before) == stored(frame)
      else { return number }
      before = stored(frame)
    }
    return count
  }

  private func checkFrames(after header: Checksum) throws(StorageError) {
    var frame: [UInt8] = []
    var offset = Self.headerBytes
    var before = header
    while try Self.read(Self.frameBytes, at: offset, of: file, path, into: &frame) {
      guard isOurs(frame), sum(of: frame, after: before) == Self.stored(frame) else { break }
      before = Self.stored(frame)
      offset += Self.frameBytes
    }
    // Behind the first frame that is not right: two frames of which the first ends a transaction and the second goes on
    // from it, or two that end one, when the damage reaches over both. What a transaction that was rolled back has left
    // there ends none.
    var end: Checksum?
    var endsTransaction = false
    while try Self.read(end == nil ? Self.frameHeaderBytes : Self.frameBytes, at: offset, of: file, path, into: &frame)
    {
      let isOurs = isOurs(frame)
      if isOurs, let end, sum(of: frame, after: end) == Self.stored(frame) {
        throw Self.damage(path, "there are transactions behind a damaged one, before byte \(offset)")
      }
      end = isOurs && Self.word(frame, 4) != 0 ? Self.stored(frame) : nil
      if end != nil, endsTransaction {
        throw Self.damage(path, "there is a damaged transaction before another, which ends at byte \(offset)")
      }
      endsTransaction = endsTransaction || end != nil
      offset += Self.frameBytes
    }
  }

  /// Whether a frame was written since the log began anew; older ones stand behind them.
  private func isOurs(_ frame: [UInt8]) -> Bool { frame[8..<16] == salts }

  private func sum(of frame: [UInt8], after before: Checksum) -> Checksum {
    let head = Self.checksum(frame[..<8], from: before, isBigEndian: isBigEndian)
    return Self.checksum(frame[Self.frameHeaderBytes...], from: head, isBigEndian: isBigEndian)
  }

  private static func stored(_ frame: [UInt8]) -> Checksum { Checksum(first: word(frame, 16), second: word(frame, 20)) }

  /// Goes on with bytes that are a multiple of eight.
  private static func checksum(_ bytes: ArraySlice<UInt8>, from start: Checksum, isBigEndian: Bool) -> Checksum {
    var sum = start
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let (a, b) = (word(bytes, index), word(bytes, index + 4))
      sum.first &+= (isBigEndian ? a : a.byteSwapped) &+ sum.second
      sum.second &+= (isBigEndian ? b : b.byteSwapped) &+ sum.first
      index += 8
    }
    return sum
  }

  private static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 { word(bytes[...], index) }

  private static func word(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt32 {
    UInt32(bytes[index]) << 24 | UInt32(bytes[index + 1]) << 16 | UInt32(bytes[index + 2]) << 8
      | UInt32(bytes[index + 3])
  }

  /// Reads so many bytes; false when the file ends before.
  private static func read(
    _ count: Int, at offset: Int, of file: Int32, _ path: String, into bytes: inout [UInt8]
  ) throws(StorageError) -> Bool {
    if bytes.count != count { bytes = [UInt8](repeating: 0, count: count) }
    let result = unsafe pread(file, &bytes, count, off_t(offset))
    guard result >= 0 else { throw StorageError(.inputOutput, logDetail: "reading \(path): \(systemMessage())") }
    return result == count
  }

  private static func damage(_ path: String, _ what: String) -> StorageError {
    StorageError(.corrupt, logDetail: "\(path): \(what)")
  }
}
