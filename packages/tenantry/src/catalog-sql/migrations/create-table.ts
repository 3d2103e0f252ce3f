import type { CatalogSql } from '../catalog-sql.js';
import type { SetupDialect } from '../setup-dialect.js';

/** A table in the words that all dialects share. Trusted text: nothing in it comes from outside. */
export interface Table {
  readonly name: string;
  /** Columns and constraints. */
  readonly columns: readonly string[];
  /** Columns by the name of the index over them. */
  readonly indexes?: Readonly<Record<string, string>>;
}

/** Makes a table and its indexes where they are missing. */
export async function createTable(sql: CatalogSql, dialect: SetupDialect, table: Table): Promise<void> {
  const { indexInTable, tableOptions } = dialect;
  const indexes = Object.entries(table.indexes ?? {});
  const lines = [...table.columns];
  if (indexInTable) lines.push(...indexes.map(([name, columns]) => `index ${name} (${columns})`));
  await sql.run(`create table if not exists ${table.name} (${lines.join(', ')}) ${tableOptions}`);
  if (indexInTable) return;
  for (const [name, columns] of indexes) {
    await sql.run(`create index if not exists ${name} on ${table.name} (${columns})`);
  }
}
