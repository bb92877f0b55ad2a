/// The storage's limits, each with its default.
package struct StorageLimits: Sendable {
  /// Bytes of one record (a row with all its cells, or the head of a partition). Default 64 MiB.
  package var recordBytes = 64 << 20
  /// Writes that may wait for the writer; one more is refused with `overloaded`. Default 65,536.
  package var waitingWrites = 65_536
  /// Bytes of keys and records that may wait for the writer; a write above is refused with `overloaded`, unless nothing
  /// else waits. Default 256 MiB.
  package var waitingBytes = 256 << 20
  /// Writes in one transaction. Default 1,024.
  package var groupWrites = 1_024
  /// Milliseconds after which a group takes no further write, so that nobody waits for a long transaction. Default 20.
  package var groupMilliseconds = 20
  /// Milliseconds of one step of background work: draining, sweeping, purging, building. Half of what no statement may
  /// exceed (50 ms), because the commit comes on top. Default 25.
  package var stepMilliseconds = 25
  /// Records that one step of background work looks at. Default 2,000.
  package var stepRecords = 2_000
  /// Bytes of records that one step of background work changes, above which it takes no further one. Default 4 MiB.
  package var stepBytes = 4 << 20
  /// Bytes of entries that are gathered for an index that is built, before they are stored in their order. Default
  /// 32 MiB.
  package var buildBytes = 32 << 20
  /// Bytes of the write-ahead log after which it is copied into the database. Default 16 MiB: a page that many groups have
  /// changed is copied once, and a process that starts after it was killed reads no more than a little above that anew.
  package var checkpointBytes = 16 << 20
  /// Bytes of the write-ahead log after which the writer waits for the readers in order to begin it anew; readers work
  /// in slices of 2 ms, so the wait is short, and ends after 50 ms in any case. Default 64 MiB.
  package var logBytes = 64 << 20
  /// Bytes of SQLite's page cache for each reader, allocated as it fills. Default 4 MiB.
  package var readerCacheBytes = 4 << 20
  /// Bytes of SQLite's page cache for the writer. Default 8 MiB.
  package var writerCacheBytes = 8 << 20

  /// The defaults.
  package init() {}
}

/// How long one slice of a scan may be: what comes first ends it.
package struct SliceBudget: Sendable {
  /// Records looked at. Default 5,000.
  package var records = 5_000
  /// Microseconds. Default 2,000. The clock is read every 32 records.
  package var microseconds = 2_000

  /// The defaults.
  package init() {}

  /// A budget of that many records and microseconds.
  package init(records: Int, microseconds: Int = 2_000) {
    self.records = records
    self.microseconds = microseconds
  }
}

/// Where a store keeps its data, and its limits.
package struct StoreConfiguration: Sendable {
  /// Where the data is.
  package enum Location: Sendable {
    /// A directory, made when it is not there. Every acknowledged write is on the disk.
    case directory(String)
    /// Nothing is kept: the same files in a private temporary directory, never synced, removed by ``Store/close()`` or
    /// at the start of the next temporary store after this process has died.
    case temporary
    /// As `temporary`, beginning with the data of a file that ``Reader/copy(to:)`` has made.
    case temporaryCopy(of: String)
  }

  /// Where the data is.
  package var location: Location
  /// The limits.
  package var limits = StorageLimits()
  /// Whether a store is opened whose files are known to have lost acknowledged writes, or whose log is damaged. Default
  /// false: it is refused.
  package var acceptsLoss = false
  /// The name of the SQLite VFS to open the files with; nil is the system's. For tests of failing disks.
  package var fileSystemName: String?
  /// The node's clock in seconds since 1970, by which the background purge decides. Default: the system's. For tests.
  package var clock: @Sendable () -> Int64

  /// Is told, on the writer's thread, what failed while nobody waited for it: copying the log, work in the background.
  package var report: @Sendable (StorageError) -> Void = { _ in }

  /// The defaults at `location`.
  package init(_ location: Location) {
    self.location = location
    self.clock = systemSeconds
  }
}
