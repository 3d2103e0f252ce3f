import type { Tenancy } from 'tenantry';
import { InvalidOptionError, NotSupportedError } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { ambientTypeorm } from 'tenantry/orm';
import { pgDriver } from 'tenantry/postgres';
import { DataSource, type DataSourceOptions, EntitySchema, Table } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { type EngineUnderTest, onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase } from '../helpers/shared-database.js';
import { insertUser, openTenancy } from '../tenancy/tenancies.js';

const Users = new EntitySchema<{ id: number; username: string }>({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: Number, primary: true }, username: { type: String, length: 100 } },
});

const notes = new Table({ name: 'notes', columns: [{ name: 'id', type: 'int', isPrimary: true }] });

/** Those of the part that a session is in, without the identity. */
const TABLES = {
  mysql: `SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name <> 'tenantry_identity' ORDER BY name`,
  postgres: 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY name',
};

for (const name of ['mysql', 'postgres'] as const) onEngine(name, (engine) => describeNames(engine, name));

function describeNames(engine: EngineUnderTest, name: 'mysql' | 'postgres'): void {
  const namespace = useNamespace(engine);
  let count = 0;

  async function fleet(options: Parameters<typeof openTenancy>[1] = {}) {
    const suffix = ++count;
    const [template, a, b] = ['Template', 'A', 'B'].map((each) => namespace().name(`${each}${suffix}`)) as [
      string,
      string,
      string,
    ];
    const tenancy = await openTenancy(namespace(), { template, ...options });
    for (const tenant of [template, a, b]) await tenancy.tenants.create({ name: tenant });
    return { tenancy, template, a, b };
  }

  const optionsOf = (tenancy: Tenancy, more: object = {}): DataSourceOptions =>
    name === 'mysql'
      ? { type: 'mysql', driver: mysqlDriver(tenancy), entities: [Users], ...more }
      : { type: 'postgres', driver: pgDriver(tenancy), entities: [Users], ...more };

  const tables = async (tenancy: Tenancy) => {
    const rows = await tenancy.session().query<{ name: string }>(TABLES[name]);
    return rows.map((row) => row.name);
  };

  describe('an ambient DataSource', () => {
    it('names the database of the tenant in context, and none where no tenant is', async () => {
      const { tenancy, a, b } = await fleet();
      const source = await ambientTypeorm(tenancy, () => new DataSource(optionsOf(tenancy)));
      const named = () => tenancy.run(a, async () => source.driver.database);
      await tenancy.run(b, () => source.getRepository(Users).find());
      expect(await tenancy.run(b, async () => source.driver.database)).toBe(b);
      await tenancy.session(a).ready();
      expect(await named()).toBe(a);
      expect(() => source.driver.database).toThrow('No tenant');
    });

    it('names the database of a tenant that nobody has asked for: a run finds it first', async () => {
      const { tenancy, template, a } = await fleet();
      // A process that knows the template only.
      const fresh = await openTenancy(namespace(), { template });
      const source = await ambientTypeorm(fresh, () => new DataSource(optionsOf(fresh)));
      const runner = source.createQueryRunner();
      expect(await fresh.run(a, () => runner.hasTable('users'))).toBe(true);
      await runner.release();
      await tenancy.session(a).execute('DROP TABLE users');
      const other = await openTenancy(namespace(), { template });
      const tool = await ambientTypeorm(other, () => new DataSource(optionsOf(other)));
      await other.run(a, () => tool.synchronize());
      expect(await other.run(a, () => tables(other))).toEqual(['users']);
    });

    it('looks its tenant up again for a tool, where others took its place in memory', async () => {
      const { tenancy, a, b } = await fleet({ cache: { maxRoutes: 1 } });
      const source = await ambientTypeorm(tenancy, () => new DataSource(optionsOf(tenancy)));
      await tenancy.session(a).execute('DROP TABLE users');
      await tenancy.run(a, async () => {
        await tenancy.session(b).ready();
        await source.synchronize();
        expect(await tables(tenancy)).toEqual(['users']);
      });
    });

    it.runIf(name === 'postgres')('names the schema of the tenant in context', async () => {
      const { tenancy, a } = await fleet(await inSchemas());
      const source = await ambientTypeorm(tenancy, () => new DataSource(optionsOf(tenancy)));
      const hasNotes = () => source.createQueryRunner().hasTable('notes');
      await tenancy.asTemplate(() => source.createQueryRunner().createTable(notes));
      expect(await tenancy.asTemplate(hasNotes)).toBe(true);
      expect(await tenancy.run(a, hasNotes)).toBe(false);
    });

    it('keeps a query cache in the database of each tenant', async () => {
      const { tenancy, a, b } = await fleet();
      const source = await ambientTypeorm(tenancy, () => new DataSource(optionsOf(tenancy, { cache: true })));
      for (const tenant of [a, b]) {
        await tenancy.session(tenant).execute(insertUser(1, tenant));
        await tenancy.run(tenant, () => source.synchronize());
        for (let round = 0; round < 2; round++) {
          const [user] = await tenancy.run(tenant, () => source.getRepository(Users).find({ cache: 60_000 }));
          expect(user?.username).toBe(tenant);
        }
        expect(await tenancy.run(tenant, () => tables(tenancy))).toContain('query-result-cache');
      }
      expect(await tenancy.asTemplate(() => tables(tenancy))).not.toContain('query-result-cache');
    });

    it('synchronizes the template when it starts, where it is told to', async () => {
      const { tenancy, a } = await fleet();
      const Notes = new EntitySchema({
        name: 'Note',
        tableName: 'notes',
        columns: { id: { type: Number, primary: true } },
      });
      const options = optionsOf(tenancy, { entities: [Users, Notes], synchronize: true });
      await ambientTypeorm(tenancy, () => new DataSource(options));
      expect(await tenancy.asTemplate(() => tables(tenancy))).toContain('notes');
      expect(await tenancy.run(a, () => tables(tenancy))).toEqual(['users']);
    });

    it('refuses what names one database for every tenant', async () => {
      const { tenancy, template } = await fleet();
      const named = ambientTypeorm(tenancy, () => new DataSource(optionsOf(tenancy, { database: template })));
      await expect(named).rejects.toThrow(InvalidOptionError);
      const Elsewhere = new EntitySchema({
        name: 'Elsewhere',
        database: template,
        columns: { id: { type: Number, primary: true } },
      });
      const source = new DataSource(optionsOf(tenancy, { entities: [Elsewhere] }));
      await expect(ambientTypeorm(tenancy, () => source)).rejects.toThrow(InvalidOptionError);
      expect(source.isInitialized).toBe(false);
      await expect(ambientTypeorm(tenancy, () => ({ initialize: async () => {} }))).rejects.toThrow(
        NotSupportedError,
      );
    });
  });

  describe('a DataSource over the driver module alone', () => {
    it('serves every tenant, and never answers for the database in which it was initialized', async () => {
      const { tenancy, a, b } = await fleet(name === 'postgres' ? await inSchemas() : {});
      const source = new DataSource(optionsOf(tenancy));
      await tenancy.asTemplate(() => source.initialize());
      for (const tenant of [a, b]) {
        await tenancy.run(tenant, () => source.getRepository(Users).insert({ id: 1, username: tenant }));
        const found = await tenancy.run(tenant, () => source.getRepository(Users).find());
        expect(found).toEqual([{ id: 1, username: tenant }]);
      }
      await tenancy.asTemplate(() => source.createQueryRunner().createTable(notes));
      const tools: (() => Promise<unknown>)[] = [
        () => source.createQueryRunner().hasTable('notes'),
        () => source.synchronize(),
        () => source.runMigrations(),
        ...(name === 'mysql' ? [() => source.dropDatabase()] : []),
      ];
      for (const tool of tools) {
        const outcome = await tenancy
          .run(a, tool)
          .catch((error: unknown) => codeBehind(error) === 'TENANTRY_NOT_SUPPORTED');
        expect(outcome).toBe(true);
      }
      expect(await tenancy.asTemplate(() => tables(tenancy))).toEqual(['notes', 'users']);
      expect(await tenancy.run(a, () => tables(tenancy))).toEqual(['users']);
    });
  });

  async function inSchemas() {
    const shared = await openSharedDatabase(namespace(), `schemas${count}`);
    return { servers: { main: { url: shared.url, isolation: 'schema' as const } } };
  }
}

/** TypeORM wraps what its driver throws. */
const codeBehind = (error: unknown) => (error as { driverError?: { code?: unknown } }).driverError?.code;
