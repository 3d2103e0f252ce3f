import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { ambientTypeorm, drizzleKitExclusions } from 'tenantry/orm';
import { pgDriver } from 'tenantry/postgres';
import { ambientTypeorm as ambientTypeormOnSqlite } from 'tenantry/sqlite';
import { DataSource, type DataSourceOptions, EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { availableDrivers } from '../../packages/tenantry/src/engines/sqlite/driver.js';
import { type EngineUnderTest, onEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** One table, which no new tenant has. */
const SCHEMAS = {
  mysql: `import { int, mysqlTable } from 'drizzle-orm/mysql-core';
    export const notes = mysqlTable('notes', { id: int('id') });`,
  postgres: `import { integer, pgTable } from 'drizzle-orm/pg-core';
    export const notes = pgTable('notes', { id: integer('id') });`,
  sqlite: `import { integer, sqliteTable } from 'drizzle-orm/sqlite-core';
    export const notes = sqliteTable('notes', { id: integer('id') });`,
} as const;

const DIALECTS = { mysql: 'mysql', postgres: 'postgresql', sqlite: 'sqlite' } as const;

/** The table that every tenant has, with a column that none has yet. */
const Users = new EntitySchema({
  name: 'User',
  tableName: 'users',
  columns: {
    id: { type: Number, primary: true },
    username: { type: String, length: 100 },
    age: { type: Number, nullable: true },
  },
});

/** It opens the file with a driver of its own choice, whichever one the tenancy has. */
const KIT_WANTS_A_DRIVER =
  'drizzle-kit opens SQLite with better-sqlite3, which is not installed or does not load';

for (const name of ['sqlite', 'mysql', 'postgres'] as const) {
  onEngine(name, (engine) => describeTools(engine, name));
}

function describeTools(engine: EngineUnderTest, name: EngineName): void {
  const namespace = useNamespace(engine);
  const cannotPush = name === 'sqlite' && !availableDrivers().includes('better-sqlite3');
  let folder = '';
  beforeAll(async () => {
    // Beside the packages that the configuration imports.
    const parent = join(root, 'node_modules/.cache/tenantry-drizzle-kit');
    await mkdir(parent, { recursive: true });
    folder = await mkdtemp(join(parent, 'run-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe('the identity of a tenant', () => {
    it('stays when drizzle-kit pushes a schema with the exclusions', async (context) => {
      if (cannotPush) return context.skip(KIT_WANTS_A_DRIVER);
      const { tenancy, tenant } = await newTenant('Pushed');
      const { tablesFilter } = drizzleKitExclusions;
      await push({ tablesFilter: [...tablesFilter, '!users'] }, tenant);
      expect(await columns(tenancy, tenant, 'notes')).toEqual(['id']);
      await expectServed(tenant);
    });

    // What the exclusions are for; shown where it costs no server. If this fails, drizzle-kit has changed.
    if (name === 'sqlite')
      it('is dropped by a push without them', async (context) => {
        if (cannotPush) return context.skip(KIT_WANTS_A_DRIVER);
        const { tenancy, tenant } = await newTenant('Dropped');
        await tenancy.session(tenant).execute('CREATE TABLE notes (id integer)');
        await push({ tablesFilter: ['!users'] }, tenant);
        await expect(expectServed(tenant)).rejects.toMatchObject({ code: 'TENANTRY_IDENTITY_MISMATCH' });
      });

    it('stays when TypeORM synchronizes the template', async () => {
      const tenant = namespace().name('Synchronized');
      const tenancy = await openTenancy(namespace(), { template: tenant });
      await tenancy.tenants.create({ name: tenant });
      const source = await openSource(tenancy);
      await tenancy.asTemplate(() => source.synchronize());
      expect(await tenancy.asTemplate(() => columns(tenancy, tenant, 'users'))).toContain('age');
      await source.destroy();
      await expectServed(tenant);
    });
  });

  function openSource(tenancy: Tenancy): Promise<DataSource> {
    const entities = [Users];
    if (name === 'sqlite')
      return ambientTypeormOnSqlite(tenancy, (sqlite) => new DataSource({ ...sqlite, entities }));
    const options: DataSourceOptions =
      name === 'mysql'
        ? { type: 'mysql', driver: mysqlDriver(tenancy), entities }
        : { type: 'postgres', driver: pgDriver(tenancy), entities };
    return ambientTypeorm(tenancy, () => new DataSource(options));
  }

  async function newTenant(suffix: string) {
    const tenancy = await openTenancy(namespace());
    const tenant = namespace().name(suffix);
    await tenancy.tenants.create({ name: tenant });
    return { tenancy, tenant };
  }

  /** By a process that must prove the tenant's database anew. */
  async function expectServed(tenant: string): Promise<void> {
    const fresh = await openTenancy(namespace());
    expect(await fresh.session(tenant).query('SELECT id FROM users')).toEqual([]);
  }

  async function push(exclusions: object, tenant: string): Promise<void> {
    const schema = join(folder, 'schema.ts');
    await writeFile(schema, SCHEMAS[name]);
    const config = {
      dialect: DIALECTS[name],
      schema,
      dbCredentials: { url: addressOf(tenant) },
      ...exclusions,
    };
    await writeFile(join(folder, 'drizzle.config.json'), JSON.stringify(config));
    const kit = join(root, 'node_modules/drizzle-kit/bin.cjs');
    try {
      await run(process.execPath, [kit, 'push', '--force', '--config', 'drizzle.config.json'], {
        cwd: folder,
        timeout: 60_000,
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`drizzle-kit push failed: ${stdout}${stderr}`, { cause: error });
    }
  }

  /** The tenant's database, or its file, as drizzle-kit reaches it. */
  function addressOf(tenant: string): string {
    const { server, url: folderUrl } = namespace();
    if (server === undefined) return join(String(parseAddress(folderUrl).folder), `${tenant}.sqlite`);
    const url = new URL(server.tcpUrl);
    url.pathname = `/${tenant}`;
    return url.href;
  }

  async function columns(tenancy: Tenancy, tenant: string, table: string): Promise<string[]> {
    const rows = await tenancy
      .session(tenant)
      .query<{ name: string }>(
        name === 'sqlite'
          ? `SELECT name FROM pragma_table_info('${table}')`
          : `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}' AND table_schema NOT IN ('information_schema', 'pg_catalog') AND table_catalog IN ('def', '${tenant}') AND (table_catalog <> 'def' OR table_schema = '${tenant}')`,
      );
    return rows.map((row) => row.name);
  }
}
