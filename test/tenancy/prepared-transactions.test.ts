import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import { type Tenancy, TransactionEndedError } from '../../packages/tenantry/src/index.js';
import { administrate } from '../helpers/administrator.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

const TABLE = 'CREATE TABLE notes (id INT PRIMARY KEY, text TEXT);';

onEngine('postgres', (engine) => {
  describe.each(['database', 'schema', 'row'] as const)('kept apart by %s', (isolation) => {
    const namespace = useNamespace(engine);
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace());
      if (isolation === 'row') await shared.owner(sharedTable(shared.user));
      return () => shared.close();
    });
    afterEach(() => vi.restoreAllMocks());

    const open = async (suffix: string) => {
      const url = isolation === 'database' ? namespace().url : shared.url;
      const tenancy = await openTenancy(namespace(), {
        servers: { main: { url, isolation, maxConnections: 2, maxConnectionsPerTenant: 2 } },
        provision: { script: TABLE },
      });
      const name = namespace().name(suffix);
      await tenancy.tenants.create({ name });
      return { tenancy, name, id: `${name} of ${isolation}` };
    };
    const left = async () => {
      const rows = await shared.owner('SELECT gid FROM pg_prepared_xacts');
      return rows.map(({ gid }) => String(gid)).filter((gid) => gid.endsWith(` of ${isolation}`));
    };
    const prepares = (id: string) => [
      'BEGIN',
      "INSERT INTO notes (id, text) VALUES (1, 'abandoned')",
      `PREPARE TRANSACTION '${id}'`,
    ];
    /** The same key again, which waits for whoever has it. */
    const writes = (tenancy: Tenancy, name: string) =>
      tenancy.session(name).execute("INSERT INTO notes (id, text) VALUES (1, 'later')");

    describe('a transaction that was prepared and abandoned', () => {
      it('is rolled back when its client comes back', async () => {
        const { tenancy, name, id } = await open('client');
        const client = await pgPool(tenancy, { tenant: name }).connect();
        for (const sql of prepares(id)) await client.query(sql);
        expect(await left()).toEqual([id]);
        client.release();
        await expect.poll(left).toEqual([]);
        await writes(tenancy, name);
      });

      it('is rolled back where the pool itself ran it, among other statements', async () => {
        const { tenancy, name, id } = await open('pool');
        await pgPool(tenancy, { tenant: name }).query(prepares(id).join('; '));
        await expect.poll(left).toEqual([]);
        await writes(tenancy, name);
      });

      it('is rolled back where it was a statement of the driver’s, run again by its name', async () => {
        const { tenancy, name, id } = await open('named');
        const client = await pgPool(tenancy, { tenant: name }).connect();
        const statement = { name: 'prepares', text: `PREPARE TRANSACTION '${id}'` };
        await client.query('BEGIN');
        await client.query(statement);
        await client.query(`ROLLBACK PREPARED '${id}'`);
        for (const sql of prepares(id).slice(0, 2)) await client.query(sql);
        await client.query(statement);
        expect(await left()).toEqual([id]);
        client.release();
        await expect.poll(left).toEqual([]);
        await writes(tenancy, name);
      });

      it('ends the handle of a session’s, and is rolled back', async () => {
        const { tenancy, name, id } = await open('handle');
        const done = tenancy.session(name).transaction(async (tx) => {
          for (const sql of prepares(id).slice(1)) await tx.execute(sql);
        });
        await expect(done).rejects.toThrow(TransactionEndedError);
        await expect.poll(left).toEqual([]);
        await writes(tenancy, name);
      });

      it('leaves those of others alone, and what was committed', async () => {
        const { tenancy, name, id } = await open('others');
        const theirs = `theirs ${id}`;
        await shared.owner(`BEGIN; PREPARE TRANSACTION '${theirs}'`);
        const client = await pgPool(tenancy, { tenant: name }).connect();
        for (const sql of prepares(id)) await client.query(sql);
        await client.query(`COMMIT PREPARED '${id}'`);
        for (const sql of ['BEGIN', `PREPARE TRANSACTION '${id}'`]) await client.query(sql);
        client.release();
        await expect.poll(left).toEqual([theirs]);
        await shared.owner(`ROLLBACK PREPARED '${theirs}'`);
        const rows = await tenancy.session(name).query('SELECT text FROM notes');
        expect(rows).toEqual([{ text: 'abandoned' }]);
      });

      it('is told where its name cannot be read', async () => {
        const { tenancy, name, id } = await open('told');
        const warned = new Promise((resolve) => {
          vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => resolve(args));
        });
        const client = await pgPool(tenancy, { tenant: name }).connect();
        for (const sql of prepares(id).slice(0, 2)) await client.query(sql);
        await client.query(`PREPARE /* its name: */ TRANSACTION E'${id}'`);
        client.release();
        expect(await warned).toEqual([
          expect.stringContaining('pg_prepared_xacts'),
          { code: 'TENANTRY_TRANSACTION_LEFT_PREPARED' },
        ]);
        await tenancy.session(name).execute(`ROLLBACK PREPARED '${id}'`);
      });
    });
  });

  it('a script of a tenant’s creation that prepares a transaction is refused, and nothing of it is left', async () => {
    await using namespace = await engine.openNamespace();
    const tenancy = await openTenancy(namespace, {
      provision: { script: `BEGIN; ${TABLE} PREPARE TRANSACTION '${namespace.prefix}'` },
    });
    const creation = tenancy.tenants.create({ name: namespace.name('script') });
    await expect(creation).rejects.toMatchObject({ code: 'TENANTRY_INVALID_INPUT' });
    await using administrator = await administrate(namespace.url);
    expect(await administrator.databases(namespace.prefix)).toEqual([namespace.name('General')]);
  });
});

function sharedTable(user: string): string {
  return `
    CREATE TABLE notes (tenant uuid NOT NULL DEFAULT current_setting('tenantry.tenant')::uuid, id INT, text TEXT,
      PRIMARY KEY (tenant, id));
    GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO ${user};
    ${rowPolicies('notes', 'tenant', { type: 'uuid' })}`;
}
