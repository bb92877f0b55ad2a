#include <sqlite3.h>

// Swift does not import variadic functions.
static inline int csqlite_db_config(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}

// Swift does not import SQLITE_TRANSIENT, a number cast to a function. A null pointer would bind NULL instead of nothing.
static inline int csqlite_bind_copy(sqlite3_stmt *statement, int index, const void *bytes, int count) {
  if (count == 0) return sqlite3_bind_zeroblob(statement, index, 0);
  return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Swift does not import macros that are made of other macros.
static const int csqlite_ioerr_fsync = SQLITE_IOERR_FSYNC;
static const int csqlite_ioerr_dir_fsync = SQLITE_IOERR_DIR_FSYNC;
static const int csqlite_ioerr_data = SQLITE_IOERR_DATA;
static const int csqlite_ioerr_short_read = SQLITE_IOERR_SHORT_READ;
