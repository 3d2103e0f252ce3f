import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { drizzleKitExclusions } from 'tenantry/orm';
import { pgDriver } from 'tenantry/postgres';
import { ambientTypeorm } from 'tenantry/sqlite';
import { DataSource, EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineUnderTest, onEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** One table, which no tenant has yet. */
const SCHEMAS = {
  mysql: `import { int, mysqlTable } from 'drizzle-orm/mysql-core';
    export const notes = mysqlTable('notes', { id: int('id') });`,
  postgres: `import { integer, pgTable } from 'drizzle-orm/pg-core';
    export const notes = pgTable('notes', { id: integer('id') });`,
} as const;

type Server = keyof typeof SCHEMAS;

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

onEngine('mysql', (engine) => describeTools(engine, 'mysql'));
onEngine('postgres', (engine) => describeTools(engine, 'postgres'));
onEngine('sqlite', (engine) => {
  const namespace = useNamespace(engine);

  it('the identity of a tenant stays when TypeORM synchronizes the template', async () => {
    const tenant = namespace().name('Synchronized');
    const tenancy = await openTenancy(namespace(), { template: tenant });
    await tenancy.tenants.create({ name: tenant });
    const options = { entities: [Users], synchronize: true };
    const source = await tenancy.asTemplate(() =>
      ambientTypeorm(tenancy, (sqlite) => new DataSource({ ...sqlite, ...options })),
    );
    await source.destroy();
    const fresh = await openTenancy(namespace());
    expect(await fresh.session(tenant).query('SELECT age FROM users')).toEqual([]);
  });
});

function describeTools(engine: EngineUnderTest, name: Server): void {
  const namespace = useNamespace(engine);
  let folder = '';
  beforeAll(async () => {
    // Beside the packages that the configuration imports.
    const parent = join(root, 'node_modules/.cache/tenantry-drizzle-kit');
    await mkdir(parent, { recursive: true });
    folder = await mkdtemp(join(parent, 'run-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe('the identity of a tenant', () => {
    it('stays when drizzle-kit pushes a schema with the exclusions', async () => {
      const { tenancy, tenant } = await newTenant('Pushed');
      const { tablesFilter } = drizzleKitExclusions;
      await push({ tablesFilter: [...tablesFilter, '!users'] }, tenant);
      expect(await columns(tenancy, tenant, 'notes')).toEqual(['id']);
      await expectServed(tenant);
    });

    it('stays when TypeORM synchronizes the template', async () => {
      const tenant = namespace().name('Synchronized');
      const tenancy = await openTenancy(namespace(), { template: tenant });
      await tenancy.tenants.create({ name: tenant });
      const source = new DataSource(
        name === 'mysql'
          ? { type: 'mysql', driver: mysqlDriver(tenancy), entities: [Users] }
          : { type: 'postgres', driver: pgDriver(tenancy), entities: [Users] },
      );
      await tenancy.asTemplate(async () => {
        await source.initialize();
        await source.synchronize();
      });
      expect(await columns(tenancy, tenant, 'users')).toContain('age');
      await source.destroy();
      await expectServed(tenant);
    });
  });

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
    const { tcpUrl } = namespace().server as { tcpUrl: string };
    const url = new URL(tcpUrl);
    url.pathname = `/${tenant}`;
    const dialect = name === 'mysql' ? 'mysql' : 'postgresql';
    const schema = join(folder, 'schema.ts');
    await writeFile(schema, SCHEMAS[name]);
    const config = { dialect, schema, dbCredentials: { url: url.href }, ...exclusions };
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
}

async function columns(tenancy: Tenancy, tenant: string, table: string): Promise<string[]> {
  const rows = await tenancy
    .session(tenant)
    .query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}' AND table_schema NOT IN ('information_schema', 'pg_catalog') AND table_catalog IN ('def', '${tenant}') AND (table_catalog <> 'def' OR table_schema = '${tenant}')`,
    );
  return rows.map(({ name }) => name);
}
