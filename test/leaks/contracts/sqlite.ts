/** What is used of a handle of SQLite's drivers. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** Replaced where a handle is traced. */
interface SqliteStatement {
  all: (...values: unknown[]) => unknown;
  run: (...values: unknown[]) => unknown;
}
