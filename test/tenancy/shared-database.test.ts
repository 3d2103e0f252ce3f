import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowPolicies } from '../../packages/tenantry/src/engines/postgres/index.js';
import {
  IdentityMismatchError,
  InvalidInputError,
  InvalidOptionError,
  LeaseEndedError,
  ProvisionFailedError,
  QueryFailedError,
  SessionEndedError,
  type Tenancy,
  type TenancyOptions,
} from '../../packages/tenantry/src/index.js';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { openSharedDatabase, type SharedDatabase } from '../helpers/shared-database.js';
import { openTenancy } from './tenancies.js';

const SCHEMA = 'CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL);';
const IDENTITY = /FROM tenantry.part_identity WHERE isolation OPERATOR/;
const NAMES = 'SELECT username FROM users ORDER BY username';

onEngine('postgres', (engine) => {
  describe.each(['schema', 'row'] as const)('tenants that are kept apart by %s', (isolation) => {
    const namespace = useNamespace(engine);
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace());
      if (isolation === 'row') await shared.owner(sharedTable('users', shared.user));
    });
    afterAll(() => shared?.close());

    function open(options: Partial<TenancyOptions> = {}, maxConnections = 2): Promise<Tenancy> {
      return openTenancy(namespace(), {
        servers: { main: { url: shared.url, isolation, maxConnections, maxConnectionsPerTenant: 2 } },
        provision: { script: SCHEMA },
        ...options,
      });
    }

    async function twoTenants(tenancy: Tenancy, suffix: string): Promise<readonly [string, string]> {
      const names = [namespace().name(`a_${suffix}`), namespace().name(`b_${suffix}`)] as const;
      for (const name of names) {
        await tenancy.tenants.create({ name });
        await tenancy.session(name).execute('INSERT INTO users (username) VALUES ($1)', [`user of ${name}`]);
      }
      return names;
    }

    it('reach their own rows and no others, in parallel on two connections', async () => {
      const tenancy = await open();
      const names = await twoTenants(tenancy, 'parallel');
      const asked = Array.from({ length: 200 }, (_, i) => names[i % 2] as string);
      const answers = await Promise.all(asked.map((name) => tenancy.session(name).query(NAMES)));
      for (const [i, rows] of answers.entries()) expect(rows).toEqual([{ username: `user of ${asked[i]}` }]);
      const { totals } = tenancy.stats().servers.main ?? {};
      expect(totals?.rebinds).toBeGreaterThan(0);
      expect(totals?.opened).toBeLessThanOrEqual(6);
    });

    it('meet nothing that another left behind on the one connection that they share', async () => {
      const tenancy = await open({}, 1);
      const [a, b] = await twoTenants(tenancy, 'left');
      const own = (name: string) => [{ username: `user of ${name}` }];
      const schema = (await tenancy.tenants.get(a)).placement.schema ?? 'public';
      for (const left of [
        `SET search_path TO "${schema}"`,
        'SET search_path TO public',
        `SELECT set_config('search_path', '"${schema}"', false)`,
        "SELECT set_config('tenantry.tenant', 'x', false)",
        'SET tenantry.tenant TO DEFAULT',
        'SET ROLE pg_monitor',
        'RESET ROLE',
        'RESET ALL',
        'DISCARD ALL',
        'CREATE TEMP TABLE users (username text)',
        "PREPARE kept AS SELECT 'stranger' AS username",
        'SET statement_timeout TO 1',
        'SELECT pg_advisory_lock(1)',
      ]) {
        await tenancy
          .session(a)
          .query(left)
          .catch(() => {});
        expect(await tenancy.session(b).query(NAMES), left).toEqual(own(b));
        expect(await tenancy.session(a).query(NAMES), left).toEqual(own(a));
        await expect(tenancy.session(b).query('EXECUTE kept'), left).rejects.toThrow(QueryFailedError);
      }
      expect(tenancy.stats().servers.main?.totals.opened).toBeLessThanOrEqual(4);
    });

    it('prove themselves once, and move without asking again', async (context) => {
      const logFile = namespace().server?.logFile ?? context.skip('a server in a container has no log here');
      const readings = async () => {
        const lines = (await readFile(logFile, 'utf8')).split('\n');
        return lines.filter((line) => line.includes(` ${shared.database} `) && IDENTITY.test(line)).length;
      };
      await shared.owner(`ALTER DATABASE ${shared.database} SET log_statement = 'all'`);
      const tenancy = await open({}, 1);
      const names = await twoTenants(tenancy, 'proof');
      for (const name of names) await tenancy.session(name).query(NAMES);
      const before = await readings();
      for (const name of [...names, ...names, ...names]) await tenancy.session(name).query(NAMES);
      expect(before).toBeGreaterThan(0);
      expect(await readings()).toBe(before);
      await shared.owner(`ALTER DATABASE ${shared.database} RESET log_statement`);
    });

    it('keep their transactions apart, savepoints and failures included', async () => {
      const tenancy = await open({}, 1);
      const [a, b] = await twoTenants(tenancy, 'transactions');
      for (const name of [a, b, a]) {
        await tenancy.session(name).transaction(
          async (tx) => {
            await tx.execute("INSERT INTO users (username) VALUES ('kept')");
            await tx.execute('SAVEPOINT here');
            await tx.execute("INSERT INTO users (username) VALUES ('undone')");
            await tx.execute('ROLLBACK TO here');
          },
          { isolationLevel: 'serializable' },
        );
        const failed = tenancy.session(name).transaction(async (tx) => {
          await tx.execute('DELETE FROM users');
          await tx.query('SELECT 1/0');
        });
        await expect(failed).rejects.toThrow(QueryFailedError);
      }
      const counted = 'SELECT count(*)::int AS n FROM users';
      expect(await tenancy.session(a).query(counted)).toEqual([{ n: 3 }]);
      expect(await tenancy.session(b).query(counted)).toEqual([{ n: 2 }]);
    });

    it('are reached by pg’s own clients, whose prepared statements stay with their tenant', async () => {
      const tenancy = await open({}, 1);
      const [a, b] = await twoTenants(tenancy, 'clients');
      for (const name of [a, b, a, b]) {
        const lease = await tenancy.clients(name).acquire();
        const client = lease.client as pg.Client;
        const prepared = { name: 'names', text: NAMES };
        const expected = [{ username: `user of ${name}` }];
        expect((await client.query(prepared)).rows).toEqual(expected);
        expect((await client.query(prepared)).rows).toEqual(expected);
        await client.query('BEGIN');
        await client.query("SET LOCAL search_path TO 'public'");
        await client.query("SELECT set_config('tenantry.tenant', 'nobody', true)");
        await client.query('ROLLBACK');
        expect((await client.query(NAMES)).rows).toEqual(expected);
        lease.release();
        expect(() => client.query(NAMES)).toThrow(LeaseEndedError);
      }
      expect(tenancy.stats().servers.main?.totals.rebinds).toBeGreaterThan(0);
    });

    it('are not served from a part that says it is another’s', async () => {
      const tenancy = await open();
      const [a, b] = await twoTenants(tenancy, 'identity');
      const { schema, rowKey } = (await tenancy.tenants.get(a)).placement;
      await shared.owner(
        `UPDATE tenantry.part_identity SET tenant_id = 'somebody' WHERE part = '${schema ?? rowKey}'`,
      );
      const fresh = await open();
      await expect(fresh.session(a).query(NAMES)).rejects.toThrow(IdentityMismatchError);
      expect(await fresh.session(b).query(NAMES)).toEqual([{ username: `user of ${b}` }]);
    });

    it('end with their epoch, as all others do', async () => {
      const tenancy = await open({}, 1);
      const [a, b] = await twoTenants(tenancy, 'epoch');
      const session = tenancy.session(a);
      await session.query(NAMES);
      await tenancy.tenants.suspend(a);
      await expect(session.query(NAMES)).rejects.toThrow(SessionEndedError);
      expect(await tenancy.session(b).query(NAMES)).toEqual([{ username: `user of ${b}` }]);
      await tenancy.tenants.resume(a);
      expect(await tenancy.session(a).query(NAMES)).toEqual([{ username: `user of ${a}` }]);
    });

    it('lives in a part of its own, which is remembered for ever', async () => {
      const tenancy = await open();
      const name = namespace().name('placed');
      const first = await tenancy.tenants.create({ name });
      expect(first.placement).toMatchObject({ database: shared.database, isolation });
      await tenancy.tenants.delete(name);
      const second = await tenancy.tenants.create({ name });
      const part = ({ placement: { schema, rowKey } }: typeof first) => schema ?? rowKey;
      expect(part(first)).toBeTypeOf('string');
      expect(part(second)).not.toBe(part(first));
      expect(await tenancy.session(name).query(NAMES)).toEqual([]);
    });
  });

  describe('a tenant in a schema of a shared database', () => {
    const namespace = useNamespace(engine);
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await openSharedDatabase(namespace());
    });
    afterAll(() => shared?.close());

    const open = (script = SCHEMA) =>
      openTenancy(namespace(), {
        servers: { main: { url: shared.url, isolation: 'schema' }, whole: namespace().url },
        provision: { script },
      });
    const schemas = async () =>
      (await shared.owner("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%tenant%'")).map(
        ({ nspname }) => nspname,
      );

    it('is undone whole where its script fails, and can be made again', async () => {
      const name = namespace().name('tenant_undone');
      const broken = await open(`${SCHEMA} SELECT broken;`);
      await expect(broken.tenants.create({ name, server: 'main' })).rejects.toThrow(ProvisionFailedError);
      expect(await schemas()).not.toContain(name);
      const { placement } = await (await open()).tenants.create({ name, server: 'main' });
      // The name was given up with what was made under it, and is never used again.
      expect(placement.schema).toMatch(new RegExp(`^${name}_`));
    });

    it('takes no schema that somebody else made', async () => {
      const name = namespace().name('tenant_taken');
      await shared.owner(`CREATE SCHEMA "${name}"; CREATE TABLE "${name}".users ()`);
      await expect((await open()).tenants.create({ name, server: 'main' })).rejects.toMatchObject({
        code: 'TENANTRY_DATABASE_EXISTS',
        message: expect.stringContaining(`${shared.database}/${name}`),
      });
      expect(await schemas()).toContain(name);
    });

    it('whose name the system would take for its own, or everybody’s, has another one there', async () => {
      const tenancy = await open();
      for (const name of ['pg_tenant', 'public', 'tenantry']) {
        const { placement } = await tenancy.tenants.create({ name, server: 'main' });
        expect(placement.schema).toBe(`t_${name}`);
        expect(await tenancy.session(name).query(NAMES)).toEqual([]);
      }
    });

    it('can be chosen for one tenant, and another isolation for the next', async () => {
      const tenancy = await open();
      const name = namespace().name('whole');
      const server = 'whole';
      const { placement } = await tenancy.tenants.create({ name, server });
      expect(placement).toMatchObject({ database: name, isolation: 'database' });
      await expect(
        tenancy.tenants.create({ name: namespace().name('none'), server, isolation: 'schema' }),
      ).rejects.toThrow(InvalidInputError);
      await expect(
        tenancy.tenants.create({ name: namespace().name('key'), server: 'main', rowKey: '42' }),
      ).rejects.toThrow(InvalidInputError);
    });
  });

  describe('a server that is configured for an isolation', () => {
    const namespace = useNamespace(engine);

    it.each([
      ['names no database to share', (url: string) => ({ url, isolation: 'schema' as const })],
      [
        'cannot keep tenants apart that way',
        () => ({ url: 'sqlite:./x?database=a', isolation: 'row' as const }),
      ],
      ['knows no such isolation', (url: string) => ({ url, isolation: 'table' as 'row' })],
    ])('and %s is refused at the start', async (_, server) => {
      const attempt = openTenancy(namespace(), { servers: { main: server(namespace().url) } });
      await expect(attempt).rejects.toThrow(InvalidOptionError);
      await expect(attempt).rejects.toThrow(/servers\.main\.isolation/);
    });
  });
});

/** A table that tenants share, as its owner makes it. */
function sharedTable(table: string, user: string): string {
  return `
    CREATE TABLE ${table} (
      id serial PRIMARY KEY,
      tenant uuid NOT NULL DEFAULT current_setting('tenantry.tenant')::uuid,
      username text NOT NULL
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${user};
    GRANT USAGE ON SEQUENCE ${table}_id_seq TO ${user};
    ${rowPolicies(table, 'tenant', { type: 'uuid' })}`;
}
