import type { EngineName } from '../engine/capabilities.js';
import type { IsolationLevel } from '../engine/connection.js';

/** What the catalog's statements differ in, from one dialect to the next. */
export interface SqlDialect {
  readonly name: EngineName;
  /** SQL for now, by the database's own clock, in milliseconds since 1970. */
  readonly clock: string;
  /** The isolation level of the catalog's changes; undefined for the server's own. */
  readonly isolationLevel: IsolationLevel | undefined;
  /** A statement whose parameters are written `?`, as the server takes it. */
  place(sql: string): string;
  /** The end of an insert that changes these columns instead where there is a row of this key already. */
  upsert(key: string, columns: readonly string[]): string;
  /** Tells those who listen to a channel, when the transaction commits; undefined where nobody can listen. */
  readonly announce: string | undefined;
}

/** The channel on which changes are announced. Channels belong to one database, and so does a catalog. */
export const CHANGES_CHANNEL = 'tenantry';

const mysql: SqlDialect = {
  name: 'mysql',
  // UTC, because a local time means two moments when the clocks are set back.
  clock: "(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)",
  isolationLevel: undefined,
  place: (sql) => sql,
  upsert: (_key, columns) =>
    `ON DUPLICATE KEY UPDATE ${columns.map((column) => `${column} = VALUES(${column})`).join(', ')}`,
  announce: undefined,
};

const postgres: SqlDialect = {
  name: 'postgres',
  clock: 'cast(extract(epoch from clock_timestamp()) * 1000 as bigint)',
  // Whoever waited for the revision's row must see what was committed meanwhile.
  isolationLevel: 'read committed',
  place(sql) {
    let number = 0;
    return sql.replace(/\?/g, () => `$${++number}`);
  },
  upsert: onConflict,
  announce: 'SELECT pg_notify(?, ?)',
};

const sqlite: SqlDialect = {
  name: 'sqlite',
  clock: "cast(round((julianday('now') - 2440587.5) * 86400000) as integer)",
  isolationLevel: undefined,
  place: (sql) => sql,
  upsert: onConflict,
  announce: undefined,
};

function onConflict(key: string, columns: readonly string[]): string {
  return `ON CONFLICT (${key}) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
}

/** The catalog's SQL, by the dialect that an engine speaks. */
export const sqlDialects: Readonly<Record<EngineName, SqlDialect>> = { mysql, postgres, sqlite };
