import { createHash } from 'node:crypto';
import type { EngineName } from '../engine/capabilities.js';
import type { CatalogSql } from './catalog-sql.js';

/** What making the catalog's tables differs in, from one dialect to the next. */
export interface SetupDialect {
  /** The type of a text of at most `length` characters, compared byte by byte. */
  text(length: number): string;
  readonly longText: string;
  readonly tableOptions: string;
  /** Indexes are part of `create table`, because `create index if not exists` is unknown. */
  readonly indexInTable: boolean;
  /** The names of a table's columns. */
  columns(sql: CatalogSql, table: string): Promise<readonly string[]>;
  /** Waits until no other process sets up the same database; the lock ends with the transaction or the connection. */
  lock(sql: CatalogSql, database: string): Promise<boolean>;
}

/** How long MySQL's named lock is waited for; the setup's own deadline is longer. */
const LOCK_SECONDS = 30;

/** The same number in every process, and nobody else's: "tenantry" in ASCII. */
const SETUP_LOCK = '8387231245791425145';

const mysql: SetupDialect = {
  text: (length) => `varchar(${length})`,
  longText: 'mediumtext',
  tableOptions: 'engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin',
  indexInTable: true,
  columns: (sql, table) =>
    names(
      sql,
      'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = database() AND table_name = ?',
      [table],
    ),
  async lock(sql, database) {
    // Named locks belong to the whole server and have at most 64 characters, as a database's name may.
    const name = `tenantry ${createHash('sha1').update(database).digest('hex')}`;
    const [row] = await sql.rows<{ locked: unknown }>('SELECT get_lock(?, ?) AS locked', [
      name,
      LOCK_SECONDS,
    ]);
    return Number(row?.locked) === 1;
  },
};

const postgres: SetupDialect = {
  text: (length) => `varchar(${length}) collate "C"`,
  longText: 'text',
  tableOptions: '',
  indexInTable: false,
  columns: (sql, table) =>
    names(
      sql,
      'SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped',
      [table],
    ),
  async lock(sql) {
    await sql.run(`SELECT pg_advisory_xact_lock(${SETUP_LOCK})`);
    return true;
  },
};

const sqlite: SetupDialect = {
  text: () => 'text',
  longText: 'text',
  tableOptions: '',
  indexInTable: false,
  columns: (sql, table) => names(sql, `PRAGMA table_info(${table})`, []),
  // A writing transaction holds the whole file.
  lock: async () => true,
};

async function names(
  sql: CatalogSql,
  statement: string,
  params: readonly string[],
): Promise<readonly string[]> {
  const rows = await sql.rows<{ readonly name: unknown }>(statement, params);
  return rows.map(({ name }) => String(name));
}

/** How the catalog's tables are made, by the dialect that an engine speaks. */
export const setupDialects: Readonly<Record<EngineName, SetupDialect>> = { mysql, postgres, sqlite };
