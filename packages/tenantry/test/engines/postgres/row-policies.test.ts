import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineServer } from '../../../src/engine/engine.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import {
  postgres,
  rowPolicies,
  sharedPolicies,
  unguardedTables,
} from '../../../src/engines/postgres/index.js';
import { InvalidInputError, UnsafeIsolationError } from '../../../src/errors.js';
import { failure, useServer } from './test-server.js';

function thrownBy(call: () => unknown): Error | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const FORCED = 'ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;';

onEngine('postgres', () => {
  const test = useServer();
  const user = `rows_${randomBytes(6).toString('hex')}`;
  const holder = `${user}_holder`;
  let url: URL;
  beforeAll(async () => {
    await test.admin(`CREATE ROLE ${user} LOGIN PASSWORD 'app'`);
    await test.admin(`CREATE ROLE ${holder}`);
    url = new URL(test.tcpUrl);
    url.username = user;
    url.password = 'app';
  });

  let owner: PostgresConnection;
  let database: string;
  beforeEach(async () => {
    database = `${test.database}_${randomBytes(4).toString('hex')}`;
    await test.provisioning.createDatabase(database);
    owner = await test.open(database);
    return async () => {
      await owner.close();
      await test.provisioning.dropDatabase(database);
    };
  });

  function open(key: string, server: EngineServer = postgres.server(parseAddress(url.href))) {
    return server.open(database, { timeoutMs: 10_000, part: { isolation: 'row', key } });
  }

  /** Runs as an ordinary role, whose tables the user may not touch. */
  function asHolder(script: string): string {
    return `GRANT CREATE ON SCHEMA public TO ${holder}; SET ROLE ${holder}; ${script}; RESET ROLE`;
  }

  /** A table of users with a row for each tenant, and a user who may use it. */
  async function makeUsers(column: string, type: 'text' | 'uuid' | 'bigint', keys: readonly string[]) {
    await owner.runScript(`
      CREATE TABLE users (id serial PRIMARY KEY, "${column}" ${type} NOT NULL, name text);
      GRANT SELECT, INSERT, UPDATE, DELETE ON users TO ${user};
      GRANT ALL ON users_id_seq TO ${user};
      ${keys.map((key) => `INSERT INTO users ("${column}", name) VALUES ('${key}', 'user of ${key}');`).join('\n')}
      ${rowPolicies('users', column, { type })}`);
  }

  describe('a table with row policies', () => {
    it.each([
      ['text', ['acme', 'emca']],
      ['uuid', ['01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b']],
      ['bigint', ['42', '9007199254740993']],
    ] as const)(
      'shows, changes and takes only the tenant’s rows, by a key of type %s',
      async (type, keys) => {
        await makeUsers('TenantId', type, keys);
        const [mine, other] = keys;
        const connection = await open(mine);
        expect((await connection.query('SELECT name FROM users')).rows).toEqual([
          { name: `user of ${mine}` },
        ]);
        expect((await connection.query("UPDATE users SET name = 'changed'")).affectedRows).toBe(1);
        const stray = 'INSERT INTO users ("TenantId", name) VALUES ($1, $2)';
        expect((await connection.query(stray, [mine, 'new'])).affectedRows).toBe(1);
        expect(postgres.classifyError(await failure(connection.query(stray, [other, 'stray'])))).toBe(
          'access-denied',
        );
        const theft = 'UPDATE users SET "TenantId" = $1';
        expect(postgres.classifyError(await failure(connection.query(theft, [other])))).toBe('access-denied');
        expect((await connection.query('DELETE FROM users')).affectedRows).toBe(2);
        await connection.close();
        const { rows } = await owner.query('SELECT name FROM users');
        expect(rows).toEqual([{ name: `user of ${other}` }]);
      },
    );

    it('has no rows for a session that is bound to nobody, nor after the binding was taken away', async () => {
      await makeUsers('tenant', 'text', ['acme', '']);
      const unbound = await postgres.server(parseAddress(url.href)).open(database, { timeoutMs: 10_000 });
      expect((await unbound.query('SELECT name FROM users')).rows).toEqual([]);
      await unbound.close();
      const bound = await open('acme');
      expect((await bound.query('SELECT name FROM users')).rows).toHaveLength(1);
      for (const sql of ['RESET tenantry.tenant', 'RESET ALL', 'DISCARD ALL', "SET tenantry.tenant = ''"]) {
        await bound.query(sql);
        expect((await bound.query('SELECT name FROM users')).rows, sql).toEqual([]);
        expect(bound.isTouched(), sql).toBe(true);
        await bound.reset();
        expect((await bound.query('SELECT name FROM users')).rows, sql).toHaveLength(1);
      }
      await bound.close();
    });

    it('holds its owner to them as well, and is not opened by a further policy', async () => {
      const maker = `maker_${randomBytes(6).toString('hex')}`;
      await makeUsers('tenant', 'text', ['a', 'b']);
      await owner.runScript(`
        CREATE ROLE ${maker};
        ALTER TABLE users OWNER TO ${maker};
        CREATE POLICY wide ON users USING (true);
        SET ROLE ${maker};`);
      expect((await owner.query('SELECT name FROM users')).rows).toEqual([]);
      await owner.query("SET tenantry.tenant = 'b'");
      expect((await owner.query('SELECT name FROM users')).rows).toEqual([{ name: 'user of b' }]);
      await owner.runScript(`RESET ROLE; DROP OWNED BY ${maker} CASCADE; DROP ROLE ${maker};`);
    });

    it('shows only the tenant’s rows through a view of its owner as well', async () => {
      await owner.runScript(
        asHolder(`CREATE TABLE s (a text DEFAULT current_setting('tenantry.tenant')); ${rowPolicies('s', 'a')}
          CREATE VIEW t AS SELECT a FROM s; CREATE VIEW i WITH (security_invoker = true) AS SELECT a FROM s;
          CREATE VIEW v AS SELECT a FROM i; GRANT SELECT, DELETE, INSERT ON t, v TO ${user}`),
      );
      const [a, b] = [await open('a'), await open('b')];
      for (const one of [a, b]) await one.query('INSERT INTO t DEFAULT VALUES');
      expect((await a.query('SELECT a FROM t')).rows).toEqual([{ a: 'a' }]);
      expect((await a.query('DELETE FROM t')).affectedRows).toBe(1);
      expect((await b.query('SELECT a FROM t')).rows).toEqual([{ a: 'b' }]);
      // What is behind a view that asks for its user's rights is asked for them, whoever's view is in front.
      expect(postgres.classifyError(await failure(b.query('SELECT a FROM v')))).toBe('access-denied');
      for (const one of [a, b]) await one.close();
    });

    it('uses the index of its column', async () => {
      await makeUsers('tenant', 'uuid', []);
      await owner.runScript(`
        INSERT INTO users (tenant) SELECT gen_random_uuid() FROM generate_series(1, 2000);
        CREATE INDEX users_of_tenant ON users (tenant); ANALYZE users;`);
      const connection = await open('01900000-0000-7000-8000-00000000000a');
      const { rows } = await connection.query('EXPLAIN SELECT id FROM users');
      expect(JSON.stringify(rows)).toContain('users_of_tenant');
      await connection.close();
    });
  });

  describe('a connection for the rows of one tenant', () => {
    it.each<readonly [string, string]>([
      ['it has no row-level security', 'CREATE TABLE t ()'],
      ['not forced on its owner', 'CREATE TABLE t (); ALTER TABLE t ENABLE ROW LEVEL SECURITY'],
      ['no policy restricts its rows', `CREATE TABLE t (); ${FORCED} CREATE POLICY p ON t USING (true)`],
      [
        'no policy restricts its rows',
        `CREATE TABLE t (a text); ${FORCED} CREATE POLICY p ON t USING (a = current_setting('tenantry.tenant'))`,
      ],
      [
        'the role may TRUNCATE it',
        `CREATE TABLE t (a text); ${rowPolicies('t', 'a')} GRANT TRUNCATE ON t TO PUBLIC`,
      ],
      [
        'the role owns it',
        `CREATE TABLE t (a text); ${rowPolicies('t', 'a')} ALTER TABLE t OWNER TO ${user}`,
      ],
      ...[
        'USING (a = $s OR true)',
        'USING (a = $s OR a <> $s)',
        'USING (a = $s) WITH CHECK (true)',
        "USING (a = $s) WITH CHECK (a = $s OR a = 'b')",
        'USING ($s IS NOT NULL)',
        'USING (left(a, 1) = $s)',
        'USING (a >= $s)',
        'USING (a = COALESCE($s, a))',
        'FOR SELECT USING (a = $s)',
        `TO ${user} USING (a = $s)`,
      ].map(
        (policy) =>
          [
            'no policy restricts its rows',
            `CREATE TABLE t (a text); ${FORCED} CREATE POLICY p ON t USING (true);
             CREATE POLICY r ON t AS RESTRICTIVE ${policy.replaceAll('$s', "current_setting('tenantry.tenant', true)")}`,
          ] as const,
      ),
      [
        'it has a rule',
        `CREATE TABLE t (a text, gone bool); ${rowPolicies('t', 'a')} GRANT DELETE ON t TO PUBLIC;
         CREATE RULE soft AS ON DELETE TO t DO INSTEAD UPDATE t SET gone = true WHERE a = OLD.a`,
      ],
      ['it is a materialized view', 'CREATE MATERIALIZED VIEW t AS SELECT 1'],
      [
        'its owner sees every row',
        `CREATE TABLE s (a text); ${rowPolicies('s', 'a')} CREATE VIEW t AS SELECT a FROM s`,
      ],
      [
        'it has no row-level security',
        `CREATE TABLE s (a text) PARTITION BY LIST (a); ${rowPolicies('s', 'a')} CREATE TABLE t PARTITION OF s DEFAULT`,
      ],
      [
        'its owner sees every row',
        `CREATE TABLE s (a text); ${rowPolicies('s', 'a')} CREATE VIEW t WITH (security_invoker = off, security_barrier = on) AS SELECT a FROM s`,
      ],
      ...[
        ['it has no row-level security', 'CREATE TABLE s (); CREATE VIEW t AS SELECT FROM s'],
        [
          'it has no row-level security',
          'CREATE TABLE s (); CREATE VIEW v AS SELECT FROM s; CREATE VIEW w AS SELECT FROM v; CREATE VIEW t AS SELECT 1 WHERE EXISTS (SELECT FROM w)',
        ],
        [
          'it has no row-level security',
          `CREATE TABLE p (a text) PARTITION BY LIST (a); ${rowPolicies('p', 'a')} CREATE TABLE s PARTITION OF p DEFAULT; CREATE VIEW t AS SELECT a FROM s`,
        ],
        [
          'its row-level security is not forced on its owner',
          'CREATE TABLE s (); ALTER TABLE s ENABLE ROW LEVEL SECURITY; CREATE VIEW t AS SELECT FROM s',
        ],
        [
          'it has a rule, which acts with the rights of the owner: use a trigger',
          'CREATE TABLE s (); CREATE RULE r AS ON INSERT TO s DO INSTEAD NOTHING; CREATE VIEW t AS SELECT FROM s',
        ],
        [
          'it is a materialized view, which no policy can guard',
          'CREATE MATERIALIZED VIEW s AS SELECT; CREATE VIEW t AS SELECT FROM s',
        ],
        [
          'it is a foreign table, which no policy can guard',
          'RESET ROLE; CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far; CREATE FOREIGN TABLE s () SERVER far; CREATE VIEW t AS SELECT FROM s; ALTER VIEW t OWNER TO $h; GRANT SELECT ON s TO $h',
        ],
        [
          'it is a view, and its owner sees every row: make it WITH (security_invoker = true)',
          'RESET ROLE; CREATE VIEW s AS SELECT; CREATE VIEW t AS SELECT FROM s; ALTER VIEW t OWNER TO $h; GRANT SELECT ON s TO $h',
        ],
      ].map(
        ([reason, script = '']) =>
          [
            `public.s (${reason}; the view public.t reaches it)`,
            asHolder(script.replaceAll('$h', holder)),
          ] as const,
      ),
      [
        'hidden.s (it has no row-level security; the view public.t reaches it)',
        `CREATE SCHEMA hidden; CREATE TABLE hidden.s (a text); GRANT SELECT ON hidden.s TO ${user};
         CREATE VIEW t WITH (security_invoker = true) AS SELECT a FROM hidden.s`,
      ],
    ])('is refused because of a table: %s (%s)', async (reason, script) => {
      await owner.runScript(`${script}; GRANT SELECT ON t TO ${user}`);
      const error = await failure(open('acme'));
      expect(error).toBeInstanceOf(UnsafeIsolationError);
      expect(error.message).toContain('public.t');
      expect(error.message).toContain(reason);
    });

    it('is refused because of a table that only has the beginning of our names', async () => {
      await owner.runScript(`CREATE TABLE tenantry_notes (); GRANT SELECT ON tenantry_notes TO ${user}`);
      expect((await failure(open('acme'))).message).toContain('public.tenantry_notes');
    });

    it.each<readonly [string, string]>([
      ...[
        ['varchar(40)', "a = NULLIF(current_setting('tenantry.tenant', true), '')"],
        ['uuid', "a = current_setting('tenantry.tenant')::uuid"],
        ['int', "a = NULLIF(current_setting('tenantry.tenant', true), '')::bigint"] as const,
      ].map(
        ([type, policy]) =>
          [
            `a policy of one's own that says the same: ${policy}`,
            `CREATE TABLE t (a ${type}); ${FORCED} CREATE POLICY p ON t USING (true);
             CREATE POLICY r ON t AS RESTRICTIVE USING (${policy}); GRANT SELECT ON t TO ${user}`,
          ] as const,
      ),
      ...(['text', 'uuid', 'integer', 'bigint'] as const).map(
        (type) =>
          [
            `a column of the type ${type} that must be quoted`,
            `CREATE TABLE t ("Te""nant" ${type}); ${rowPolicies('t', 'Te"nant', { type })} GRANT SELECT ON t TO ${user}`,
          ] as const,
      ),
      ['nothing at all', 'SELECT 1'],
      ['a table that it may not use', 'CREATE TABLE t ()'],
      [
        'a table without a policy, which shows nothing to anybody',
        `CREATE TABLE t (); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; GRANT SELECT ON t TO ${user}`,
      ],
      [
        'a table that is said to be shared',
        `CREATE TABLE t (); ${sharedPolicies('public.t')} GRANT SELECT ON t TO ${user}`,
      ],
      ...['= true', '= yes', '= t', '= ON', '= 1', '', '= true, security_barrier = false'].map(
        (option) =>
          [
            `a view that sees what its user sees (security_invoker ${option})`,
            `CREATE TABLE s (a text); ${rowPolicies('s', 'a')} CREATE VIEW t WITH (security_invoker ${option}) AS SELECT a FROM s; GRANT SELECT ON s, t TO ${user}`,
          ] as const,
      ),
      [
        'a view of an ordinary role over tables that are guarded',
        asHolder(`CREATE TABLE s (a text); ${rowPolicies('s', 'a')} CREATE TABLE c (a text); ${sharedPolicies('c')}
          CREATE VIEW t AS SELECT s.a FROM s, c; GRANT SELECT ON t TO ${user}`),
      ],
      [
        'a view over a view that sees what its user sees, who may not use its table',
        asHolder(`CREATE TABLE s (a text); CREATE VIEW v WITH (security_invoker = true) AS SELECT a FROM s;
          CREATE VIEW t AS SELECT a FROM v; GRANT SELECT ON t TO ${user}`),
      ],
      [
        'a view of what every database has',
        asHolder(
          `CREATE VIEW t AS SELECT table_name FROM information_schema.tables, pg_stats; GRANT SELECT ON t TO ${user}`,
        ),
      ],
      [
        'partitions with policies of their own',
        `CREATE TABLE s (a text) PARTITION BY LIST (a); ${rowPolicies('s', 'a')} CREATE TABLE t PARTITION OF s DEFAULT; ${rowPolicies('t', 'a')} GRANT SELECT ON s, t TO ${user}`,
      ],
      [
        'tables of tenantry’s own',
        `CREATE TABLE tenantry_tenants (); GRANT SELECT ON tenantry_tenants TO ${user}`,
      ],
    ])('is not refused where there is %s', async (_, script) => {
      await owner.runScript(script);
      const connection = await open('acme');
      await connection.query('SELECT 1');
      await connection.close();
      const asUser = await postgres.server(parseAddress(url.href)).open(database, { timeoutMs: 10_000 });
      expect(await unguardedTables(asUser)).toEqual([]);
      await asUser.close();
    });

    it('is refused to a superuser, and to a user that bypasses policies', async () => {
      expect(await failure(open('acme', test.server))).toBeInstanceOf(UnsafeIsolationError);
      await owner.query(`ALTER ROLE ${user} BYPASSRLS`);
      const error = await failure(open('acme'));
      await owner.query(`ALTER ROLE ${user} NOBYPASSRLS`);
      expect(error).toMatchObject({
        code: 'TENANTRY_UNSAFE_ISOLATION',
        message: expect.stringContaining(user),
        hint: expect.stringContaining('user of its own'),
      });
    });

    it('is refused for a key that another value could be mistaken for', async () => {
      for (const key of [
        '',
        ' 42',
        '042',
        '0x2a',
        '4_2',
        "x'; --",
        'x\0',
        'ÄCME',
        'x'.repeat(129),
        '01900000000070008000000000000000',
      ]) {
        expect(await failure(open(key)), key).toBeInstanceOf(InvalidInputError);
      }
      for (const key of ['0', '42', 'acme-1.eu:x', '01HZX3J9Q2', 'x'.repeat(128)])
        await (await open(key)).close();
    });
  });

  describe('the look at tables', () => {
    it('is refused to what runs no queries, and to what answers with no rows', async () => {
      for (const reader of [undefined, null, 5, 'x', {}, { query: 5 }, { query: async () => null }]) {
        expect(await failure(unguardedTables(reader as never))).toBeInstanceOf(InvalidInputError);
      }
    });
  });

  describe('the SQL of policies', () => {
    it('quotes what it is given, and refuses what can be no table or type', () => {
      expect(rowPolicies('app.Us"ers', 'te"nant')).toContain('ON "app"."Us""ers"');
      expect(rowPolicies('users', 'te"nant')).toContain('"te""nant" =');
      const wrong: readonly unknown[] = [undefined, null, 5, [], {}, 'a.b.c', 'x'.repeat(5_000_000)];
      for (const value of wrong) {
        const name = value as string;
        for (const make of [
          () => rowPolicies(name, 'x'),
          () => rowPolicies('t', value === 'a.b.c' ? '' : name),
          () => sharedPolicies(name),
          () => rowPolicies('t', 'x', { type: value } as never),
          () => rowPolicies('t', 'x', { typ: value } as never),
        ]) {
          const error = thrownBy(make);
          if (error === undefined) expect(value).toBeUndefined();
          else expect(error).toBeInstanceOf(InvalidInputError);
          expect(error?.message.length ?? 0).toBeLessThan(300);
        }
      }
      expect(() => rowPolicies('t', 'x', null as never)).toThrow(InvalidInputError);
      expect(() => rowPolicies('', 'x')).toThrow(InvalidInputError);
      expect(() => rowPolicies('users', 'x', { type: 'numeric' as 'text' })).toThrow(InvalidInputError);
    });
  });
});
