import { sql } from 'kysely';
import type { SqlDialect } from '../sql-dialect.js';
import type { CatalogDb } from '../tables.js';

/** A table in the words that all dialects share. Trusted text: nothing in it comes from outside. */
export interface Table {
  readonly name: string;
  /** Columns and constraints. */
  readonly columns: readonly string[];
  /** Columns by the name of the index over them. */
  readonly indexes?: Readonly<Record<string, string>>;
}

/** Makes a table and its indexes where they are missing. */
export async function createTable(db: CatalogDb, dialect: SqlDialect, table: Table): Promise<void> {
  const { indexInTable, tableOptions } = dialect.ddl;
  const indexes = Object.entries(table.indexes ?? {});
  const lines = [...table.columns];
  if (indexInTable) lines.push(...indexes.map(([name, columns]) => `index ${name} (${columns})`));
  await run(db, `create table if not exists ${table.name} (${lines.join(', ')}) ${tableOptions}`);
  if (indexInTable) return;
  for (const [name, columns] of indexes) {
    await run(db, `create index if not exists ${name} on ${table.name} (${columns})`);
  }
}

async function run(db: CatalogDb, statement: string): Promise<void> {
  await sql.raw(statement).execute(db);
}
