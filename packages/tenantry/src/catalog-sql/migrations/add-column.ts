import type { CatalogSql } from '../catalog-sql.js';
import type { SetupDialect } from '../setup-dialect.js';

/** Adds a column where it is missing. Trusted text: nothing in it comes from outside. */
export async function addColumn(
  sql: CatalogSql,
  dialect: SetupDialect,
  table: string,
  column: string,
  type: string,
): Promise<void> {
  const columns = await dialect.columns(sql, table);
  if (!columns.includes(column)) await sql.run(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
}
