import type { SqlDialect } from './sql-dialect.js';
import type { CatalogDb } from './tables.js';

/** Writes down which engine and address a server's name means. */
export async function writeServer(
  db: CatalogDb,
  dialect: SqlDialect,
  name: string,
  server: { readonly engine: string; readonly address: string },
): Promise<void> {
  const row = { ...server, registered_at: dialect.clock };
  await db
    .insertInto('tenantry_servers')
    .values({ name, ...row })
    .$call((insert) =>
      dialect.upsert === 'on conflict'
        ? insert.onConflict((conflict) => conflict.column('name').doUpdateSet(server))
        : insert.onDuplicateKeyUpdate(server),
    )
    .execute();
}
