import type { CatalogSql } from './catalog-sql.js';

/** Writes down which engine and address a server's name means. */
export async function writeServer(
  sql: CatalogSql,
  name: string,
  engine: string,
  address: string,
): Promise<void> {
  const { clock, upsert } = sql.dialect;
  await sql.run(
    `INSERT INTO tenantry_servers (name, engine, address, registered_at)
     VALUES (?, ?, ?, ${clock}) ${upsert('name', ['engine', 'address'])}`,
    [name, engine, address],
  );
}
