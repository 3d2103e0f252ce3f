/**
 * What `drizzle-kit push` and `pull` must leave alone, for `drizzle.config`: they drop tables that they do not know,
 * the tenant's identity among them. On PostgreSQL the identity lives in a schema of its own.
 *
 * @example
 * ```ts
 * export default defineConfig({ ...drizzleKitExclusions, dialect: 'mysql', schema: './schema.ts', dbCredentials })
 * ```
 */
export const drizzleKitExclusions: { readonly tablesFilter: string[] } = Object.freeze({
  tablesFilter: ['!tenantry_*'],
});

/**
 * What Prisma must leave alone, for `prisma.config`, on MySQL, MariaDB and SQLite: `db push` drops tables that it does not
 * know, and `migrate deploy` refuses a database that has any. On PostgreSQL leave it out: there the identity lives in
 * a schema of its own, and Prisma refuses (`P3023`) a name without a schema.
 *
 * @example
 * ```ts
 * export default defineConfig({ experimental: { externalTables: true }, tables: { external: prismaExternalTables } })
 * ```
 */
export const prismaExternalTables: string[] = ['tenantry_identity'];
