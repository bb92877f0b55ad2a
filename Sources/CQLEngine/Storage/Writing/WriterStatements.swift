/// The statements of transactions, prepared once.
struct TransactionStatements {
  let begin: Statement
  let commit: Statement
  let rollBack: Statement
  let savepoint: Statement
  let rollBackToSavepoint: Statement
  let release: Statement

  init(_ database: Database) throws(StorageError) {
    begin = try database.prepare("BEGIN IMMEDIATE")
    commit = try database.prepare("COMMIT")
    rollBack = try database.prepare("ROLLBACK")
    savepoint = try database.prepare("SAVEPOINT one")
    rollBackToSavepoint = try database.prepare("ROLLBACK TO one")
    release = try database.prepare("RELEASE one")
  }
}

/// The statements that write records, prepared once.
struct RecordStatements {
  let insert: Statement
  let replace: Statement
  let remove: Statement
  let addLong: Statement
  let replaceLong: Statement
  let removeLong: Statement
  let bytesOfLong: Statement
  let addHeaded: Statement
  let addPurge: Statement
  let addSweep: Statement

  init(_ database: Database) throws(StorageError) {
    insert = try database.prepare("INSERT INTO records VALUES (?1, ?2)")
    replace = try database.prepare("REPLACE INTO records VALUES (?1, ?2)")
    remove = try database.prepare("DELETE FROM records WHERE k = ?1")
    addLong = try database.prepare("INSERT INTO longs (v) VALUES (?2)")
    replaceLong = try database.prepare("REPLACE INTO longs VALUES (?1, ?2)")
    removeLong = try database.prepare("DELETE FROM longs WHERE id = ?1")
    bytesOfLong = try database.prepare("SELECT length(v) FROM longs WHERE id = ?1")
    addHeaded = try database.prepare("INSERT OR IGNORE INTO headed VALUES (?1)")
    addPurge = try database.prepare("INSERT OR IGNORE INTO purges VALUES (?1, ?2)")
    addSweep = try database.prepare(
      "INSERT INTO sweeps (number, lower, upper, head, through) VALUES (?1, ?2, ?3, ?4, ?5)")
  }
}

/// The statements that write what is no record, prepared once.
struct MetaStatements {
  let setMeta: Statement
  let removeMeta: Statement
  let setNextTable: Statement
  let drop: Statement

  init(_ database: Database) throws(StorageError) {
    setMeta = try database.prepare("REPLACE INTO meta VALUES (?1, ?2)")
    removeMeta = try database.prepare("DELETE FROM meta WHERE name = ?1")
    setNextTable = try database.prepare("UPDATE state SET value = max(value, ?1) WHERE name = 'next table'")
    drop = try database.prepare("INSERT OR IGNORE INTO dropped VALUES (?1)")
  }
}

extension Statement {
  /// Runs a statement with a key.
  func run(_ key: [UInt8]) throws(StorageError) {
    try unsafe key.withUnsafeBufferPointer { key throws(StorageError) in
      try unsafe bind(1, inPlace: key)
      try run()
    }
  }

  /// Runs a statement whose second value is a record, which stays in place.
  func run(record: [UInt8]) throws(StorageError) {
    try unsafe record.withUnsafeBufferPointer { record throws(StorageError) in
      try unsafe bind(2, inPlace: record)
      try run()
    }
  }

  /// Runs a statement with a key and a record; both stay in place, so nothing is copied.
  func run(_ key: [UInt8], _ record: [UInt8]) throws(StorageError) {
    guard !record.isEmpty else {
      try bind(2, record)
      return try run(key)
    }
    try unsafe key.withUnsafeBufferPointer { key throws(StorageError) in
      try unsafe record.withUnsafeBufferPointer { record throws(StorageError) in
        try unsafe bind(1, inPlace: key)
        try unsafe bind(2, inPlace: record)
        try run()
      }
    }
  }
}
