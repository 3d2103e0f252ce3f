import { PrismaLibSql } from '@prisma/adapter-libsql';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Tenancy } from 'tenantry';
import { prismaExternalTables } from 'tenantry/orm';
import { describe, expect, it } from 'vitest';
import { type EngineUnderTest, onEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy, SCHEMA } from '../tenancy/tenancies.js';
import { openSchemaTools } from './prisma/schema-engine.js';

/** What a tenant has after a push, and had not before: a table, a column, an index. */
const schemaOf = (provider: 'sqlite' | 'postgresql') => `
  datasource db {
    provider = "${provider}"
  }
  model User {
    id       Int    @id
    username String @unique ${provider === 'sqlite' ? '' : '@db.VarChar(100)'}
    age      Int    @default(0)
    @@map("users")
  }
  model Note {
    id Int @id
    @@map("notes")
  }`;

const MIGRATION = 'CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT NOT NULL);';

onEngine('mysql', () => {
  it('Prisma pushes a schema', (context) =>
    context.skip('its engine knows no MySQL as WebAssembly, and the binary is not to be had from npm'));
});

onEngine('sqlite', (engine) => {
  // One file must never be open through both drivers in one process.
  if (!engine.label.includes('libsql')) {
    it('Prisma pushes a schema', (context) => context.skip('the adapter that pushes runs on libsql'));
    return;
  }
  const { newTenant, usersOf } = tenantsOn(engine);

  describe('the identity of a tenant, where Prisma changes the schema of its file', () => {
    it('stays when a schema is pushed with the exclusions', async () => {
      const { tenant, tools } = await newTenant('Pushed', SCHEMA);
      const pushed = await tools.push({ external: prismaExternalTables, force: true });
      expect(pushed.unexecutable).toEqual([]);
      expect(await usersOf(tenant)).toEqual([{ id: 1, username: 'ada', age: 0 }]);
      expect(await tools.push({ external: prismaExternalTables })).toMatchObject({ executedSteps: 0 });
    });

    it('is dropped without them, if the loss is accepted; then the tenant is not served', async () => {
      const { tenant, tools } = await newTenant('Dropped', SCHEMA);
      const { executedSteps, warnings } = await tools.push({ external: [] });
      expect(executedSteps).toBe(0);
      expect(warnings.join()).toContain('You are about to drop the `tenantry_identity` table');
      expect(await usersOf(tenant)).toEqual([{ id: 1, username: 'ada' }]);
      await tools.push({ external: [], force: true });
      await expect(usersOf(tenant)).rejects.toMatchObject({ code: 'TENANTRY_IDENTITY_MISMATCH' });
    });

    it('stays when migrations are deployed to a new tenant, which takes the exclusions', async () => {
      const { tenant, tools } = await newTenant('Migrated');
      await expect(tools.deploy('1_init', MIGRATION, [])).rejects.toMatchObject({ code: 'P3005' });
      expect(await tools.deploy('1_init', MIGRATION, prismaExternalTables)).toEqual(['1_init']);
      expect(await tools.deploy('1_init', MIGRATION, prismaExternalTables)).toEqual([]);
      expect(await usersOf(tenant)).toEqual([]);
    });

    it('is emptied by a reset, although it is excluded; then the tenant is not served', async () => {
      const { tenant, tools } = await newTenant('Reset', SCHEMA);
      await tools.reset(prismaExternalTables);
      await expect(usersOf(tenant)).rejects.toMatchObject({ code: 'TENANTRY_IDENTITY_MISMATCH' });
    });
  });
});

onEngine('postgres', (engine) => {
  const { newTenant, usersOf } = tenantsOn(engine);

  describe('the identity of a tenant, where Prisma changes the schema of its database', () => {
    it('stays when a schema is pushed: it lives in a schema of its own', async () => {
      const { tenant, tools } = await newTenant('Pushed', SCHEMA);
      const pushed = await tools.push({ external: [], force: true });
      expect(pushed.unexecutable).toEqual([]);
      expect(await usersOf(tenant)).toEqual([{ id: 1, username: 'ada', age: 0 }]);
      expect(await tools.push({ external: [] })).toMatchObject({ executedSteps: 0, warnings: [] });
    });

    it('stays when migrations are deployed to a new tenant', async () => {
      const { tenant, tools } = await newTenant('Migrated');
      expect(await tools.deploy('1_init', MIGRATION, [])).toEqual(['1_init']);
      expect(await usersOf(tenant)).toEqual([]);
    });

    it('takes no exclusions: Prisma refuses one that names no schema', async () => {
      const { tools } = await newTenant('Excluded', SCHEMA);
      const pushed = tools.push({ external: prismaExternalTables });
      await expect(pushed).rejects.toMatchObject({ code: 'P3023' });
    });
  });
});

/** Tenants that nobody has open while Prisma works on them. */
function tenantsOn(engine: EngineUnderTest) {
  const namespace = useNamespace(engine);
  const alone = async <T>(options: object, work: (tenancy: Tenancy) => Promise<T>) => {
    const tenancy = await openTenancy(namespace(), options);
    try {
      return await work(tenancy);
    } finally {
      await tenancy.close();
    }
  };
  return {
    /** With Ada in it, where there is a script. */
    newTenant: async (suffix: string, script?: string) => {
      const tenant = namespace().name(suffix);
      const provision = script === undefined ? undefined : { script };
      const factory = await alone({ provision }, async (tenancy) => {
        await tenancy.tenants.create({ name: tenant });
        const session = tenancy.session(tenant);
        if (script !== undefined) await session.query(insertUser(1, 'ada'));
        if (engine.name === 'postgres') return pgFactory(namespace().server?.tcpUrl ?? '', tenant);
        const [main] = await session.query<{ file: string }>('PRAGMA database_list');
        return new PrismaLibSql({ url: `file:${main?.file}` });
      });
      const provider = engine.name === 'postgres' ? 'postgresql' : 'sqlite';
      return { tenant, tools: await openSchemaTools(factory, schemaOf(provider)) };
    },
    /** By a process that must prove the tenant's database anew. */
    usersOf: (tenant: string) => alone({}, (tenancy) => tenancy.session(tenant).query('SELECT * FROM users')),
  };
}

/** The adapter does not know PostgreSQL's own "char", which the engine asks for: it is told that it is text. */
function pgFactory(server: string, database: string): PrismaPg {
  const url = new URL(server);
  url.pathname = `/${database}`;
  const pool = new pg.Pool({ connectionString: url.href });
  const query = pool.query.bind(pool) as (config: unknown) => Promise<pg.QueryResult>;
  const { TEXT, CHAR } = pg.types.builtins;
  const told = async (config: unknown) => {
    const result = await query(config);
    for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
    return result;
  };
  return new PrismaPg(Object.assign(pool, { query: told }), { disposeExternalPool: true });
}
