import { createHash } from 'node:crypto';
import {
  type DialectAdapter,
  MysqlAdapter,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { EngineName } from '../engine/capabilities.js';
import type { IsolationLevel } from '../engine/connection.js';
import type { CatalogDb } from './tables.js';

/** What the catalog's SQL differs in, from one dialect to the next. */
export interface SqlDialect {
  createCompiler(): QueryCompiler;
  createAdapter(): DialectAdapter;
  /** Now, by the database's own clock, in milliseconds since 1970. */
  readonly clock: RawBuilder<number>;
  /** The isolation level of the catalog's changes; undefined for the server's own. */
  readonly isolationLevel: IsolationLevel | undefined;
  /** How an insert that may meet an existing row is written. */
  readonly upsert: 'on conflict' | 'on duplicate key';
  /** Column types and table options for `create table`. */
  readonly ddl: {
    /** A text of at most `length` characters, compared byte by byte. */
    text(length: number): string;
    readonly longText: string;
    readonly tableOptions: string;
    /** Indexes are part of `create table`, because `create index if not exists` is unknown. */
    readonly indexInTable: boolean;
  };
  /** Waits until no other process sets up the same database; the lock ends with the transaction or the connection. */
  lockSetup(db: CatalogDb, database: string): Promise<boolean>;
  /** Tells those who listen, when the transaction commits. */
  announce(db: CatalogDb, revision: number): Promise<void>;
}

/** The channel on which changes are announced. Channels belong to one database, and so does a catalog. */
export const CHANGES_CHANNEL = 'tenantry';

/** How long MySQL's named lock is waited for; the setup's own deadline is longer. */
const LOCK_SECONDS = 30;

/** The same number in every process, and nobody else's: "tenantry" in ASCII. */
const SETUP_LOCK = '8387231245791425145';

const mysql: SqlDialect = {
  createCompiler: () => new MysqlQueryCompiler(),
  createAdapter: () => new MysqlAdapter(),
  // UTC, because a local time means two moments when the clocks are set back.
  clock: sql<number>`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`,
  isolationLevel: undefined,
  upsert: 'on duplicate key',
  ddl: {
    text: (length) => `varchar(${length})`,
    longText: 'mediumtext',
    tableOptions: 'engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin',
    indexInTable: true,
  },
  async lockSetup(db, database) {
    // Named locks belong to the whole server and have at most 64 characters, as a database's name may.
    const name = `tenantry ${createHash('sha1').update(database).digest('hex')}`;
    const { rows } = await sql<{
      locked: unknown;
    }>`select get_lock(${name}, ${LOCK_SECONDS}) as locked`.execute(db);
    return Number(rows[0]?.locked) === 1;
  },
  async announce() {},
};

const postgres: SqlDialect = {
  createCompiler: () => new PostgresQueryCompiler(),
  createAdapter: () => new PostgresAdapter(),
  clock: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  // Whoever waited for the revision's row must see what was committed meanwhile.
  isolationLevel: 'read committed',
  upsert: 'on conflict',
  ddl: {
    text: (length) => `varchar(${length}) collate "C"`,
    longText: 'text',
    tableOptions: '',
    indexInTable: false,
  },
  async lockSetup(db) {
    await sql`select pg_advisory_xact_lock(${sql.raw(SETUP_LOCK)})`.execute(db);
    return true;
  },
  async announce(db, revision) {
    await sql`select pg_notify(${CHANGES_CHANNEL}, ${String(revision)})`.execute(db);
  },
};

const sqlite: SqlDialect = {
  createCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => new SqliteAdapter(),
  clock: sql<number>`cast(round((julianday('now') - 2440587.5) * 86400000) as integer)`,
  isolationLevel: undefined,
  upsert: 'on conflict',
  ddl: {
    text: () => 'text',
    longText: 'text',
    tableOptions: '',
    indexInTable: false,
  },
  // A writing transaction holds the whole file.
  lockSetup: async () => true,
  async announce() {},
};

/** The catalog's SQL, by the dialect that an engine speaks. */
export const sqlDialects: Readonly<Record<EngineName, SqlDialect>> = { mysql, postgres, sqlite };
