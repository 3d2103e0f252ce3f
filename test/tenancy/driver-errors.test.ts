import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { checkHealth, createTenancy, type Tenancy } from 'tenantry';
import { mariadbPool, mysqlPool } from 'tenantry/mysql';
import { pgPool } from 'tenantry/postgres';
import { sqliteDatabase } from 'tenantry/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { sharedServer } from '../helpers/environment.js';
import { isInstalled } from '../helpers/installed.js';
import { shown } from '../helpers/shown.js';
import { matrix } from '../orm/matrix.js';
import { catalogUrl, insertUser, SCHEMA } from './tenancies.js';

/** As somebody chooses one: with what a URL must encode. */
const PASSWORD = 'canary-quet/zal:9@%41';
const SECRET = /quet(?:\/|%2f)zal/i;
const MARKER = 'of-the-next-tenant';
const PASSED = 'what-a-caller-passed';

/** A statement that takes a second and has the marker in its text and in its answer. */
const SLOW: Readonly<Record<EngineName, string>> = {
  mysql: `SELECT '${MARKER}', SLEEP(1)`,
  postgres: `SELECT '${MARKER}', pg_sleep(1)`,
  sqlite: `SELECT '${MARKER}'`,
};

forEachEngine((engine) => {
  const namespace = useNamespace(engine);
  const isServer = engine.name !== 'sqlite';
  const user = `cause_${randomBytes(4).toString('hex')}`;
  const opened: Tenancy[] = [];
  const errors = new Map<string, unknown>();
  let administrator: Tenancy;
  let tenancy: Tenancy;
  let a: string;
  let b: string;

  /** The address of the server, with the user that has the password, unless it says otherwise. */
  const address = (change: Partial<URL> = {}): string => {
    if (engine.name === 'sqlite') return namespace().url;
    // Over a socket PostgreSQL asks nobody for a password.
    const url = new URL(sharedServer(engine.name).tcpUrl);
    return Object.assign(url, { username: user, password: encodeURIComponent(PASSWORD) }, change).href;
  };
  const catalogAt = (url: string) => catalogUrl({ ...namespace(), url });
  const open = async (main: string, catalog = namespace().url): Promise<Tenancy> => {
    const one = await createTenancy({
      catalog: catalogAt(catalog),
      // One connection, so that the next tenant is served by the one on which the error came.
      servers: { main: { url: main, maxConnections: 1, maxConnectionsPerTenant: 1 } },
      setup: true,
      provision: { script: SCHEMA },
      template: namespace().name('Template'),
      timeouts: { connectMs: 2000 },
    });
    opened.push(one);
    return one;
  };
  const keep = async (what: string, work: () => unknown): Promise<void> => {
    const error: unknown = await (async () => work())().then(
      (answer) => ({ answer }),
      (reason: unknown) => reason,
    );
    expect(error, what).toBeInstanceOf(Error);
    errors.set(what, error);
  };

  beforeAll(async () => {
    administrator = await open(namespace().url);
    if (engine.name === 'mysql') {
      for (const host of ['localhost', '127.0.0.1', '%']) {
        await administrator.central.execute(`CREATE USER '${user}'@'${host}' IDENTIFIED BY '${PASSWORD}'`);
        await administrator.central.execute(`GRANT ALL ON *.* TO '${user}'@'${host}'`);
      }
    } else if (isServer)
      await administrator.central.execute(`CREATE ROLE ${user} SUPERUSER LOGIN PASSWORD '${PASSWORD}'`);
    [a, b] = [namespace().name('A'), namespace().name('B')];
    await administrator.tenants.create({ name: namespace().name('Template') });
    for (const name of [a, b]) {
      await administrator.tenants.create({ name });
      await administrator.session(name).execute(insertUser(1, name));
    }
    tenancy = await open(address());
  });
  afterAll(async () => {
    for (const one of opened) if (one !== administrator) await one.destroy();
    if (engine.name === 'mysql') {
      for (const host of ['localhost', '127.0.0.1', '%'])
        await administrator.central.execute(`DROP USER '${user}'@'${host}'`);
    } else if (isServer) {
      await administrator.central.execute(`DROP ROLE ${user}`);
    }
    await administrator?.destroy();
  });

  /** Statements that fail, by every door. */
  async function atDoors(from: Tenancy, where: string): Promise<void> {
    const session = from.session(a);
    const parameter = engine.name === 'postgres' ? '$1::text' : '?';
    await keep(`${where}: a session with a parameter`, () =>
      session.query(`SELECT nonsense(${parameter})`, [PASSED]),
    );
    const taken = insertUser(1, 'x');
    for (const sql of ['SELECT nonsense', 'SELECT * FROM nowhere', 'no statement', taken]) {
      await keep(`${where}: a session, ${sql}`, () => session.query(sql));
      await keep(`${where}: a transaction, ${sql}`, () => session.transaction((tx) => tx.query(sql)));
      if (engine.name === 'postgres')
        await keep(`${where}: pgPool, ${sql}`, () => pgPool(from, { tenant: a }).query(sql));
      if (engine.name === 'mysql') {
        const pool = mysqlPool(from, { tenant: a }).promise();
        await keep(`${where}: mysqlPool, ${sql}`, () => pool.query(sql));
        await keep(`${where}: mysqlPool.execute, ${sql}`, () => pool.execute(`${sql} `));
        await keep(`${where}: mariadbPool, ${sql}`, () => mariadbPool(from, { tenant: a }).query(sql));
      }
      if (engine.name === 'sqlite')
        await keep(`${where}: sqliteDatabase, ${sql}`, async () => {
          await session.ready();
          sqliteDatabase(from, { tenant: a }).prepare(sql).all();
        });
      await keep(`${where}: a lent client, ${sql}`, async () => {
        const lease = await from.clients(a).acquire();
        try {
          await lentQuery(lease.client, sql);
        } finally {
          lease.release();
        }
      });
    }
    for (const orm of matrix) {
      const cell = orm.engines[engine.name];
      if (cell.open === undefined || (cell.imports !== undefined && !isInstalled(cell.imports))) continue;
      const make = cell.open;
      await keep(`${where}: ${orm.name}`, async () => {
        const instance = await make(from, [a, b]);
        try {
          await from.run(a, async () => instance.add(1, 'x'));
        } finally {
          await instance.close();
        }
      });
    }
  }

  describe('an error that has the driver’s own as its cause', () => {
    it('shows no password, however it is printed, and nothing of whom its connection serves then', async () => {
      await atDoors(tenancy, 'refused');
      const session = tenancy.session(a);
      if (isServer) {
        const sleep = engine.name === 'mysql' ? 'SELECT SLEEP(5)' : 'SELECT pg_sleep(5)';
        await keep('out of time', () => session.query(sleep, [], { timeoutMs: 50 }));
        await keep('aborted', () => session.query(sleep, [], { signal: AbortSignal.timeout(50) }));
        await keep('ended by the server', () =>
          session.query(
            engine.name === 'mysql'
              ? 'KILL CONNECTION_ID()'
              : 'SELECT pg_terminate_backend(pg_backend_pid())',
          ),
        );
        const wrong = { password: encodeURIComponent(`${PASSWORD}x`) };
        const nowhere = { port: '1' };
        const nobody = { hostname: 'nobody.invalid' };
        for (const [where, change] of Object.entries({ wrong, nowhere, nobody })) {
          const to = await open(address(change));
          await atDoors(to, where);
          await keep(`${where}: a creation`, () => to.tenants.create({ name: namespace().name('C') }));
          await keep(`${where}: a catalog`, () => open(address(), address(change)));
          const servers = { main: address(change) };
          errors.set(`${where}: health`, await checkHealth({ catalog: catalogAt(address(change)), servers }));
          await to.destroy();
        }
      }
      const slow = tenancy.session(b).query(SLOW[engine.name]);
      while (isServer && (tenancy.stats().servers.main?.inUse ?? 0) === 0) await new Promise(setImmediate);
      const told: string[] = [];
      for (const [what, error] of errors) {
        const text = `${shown(error, Number.POSITIVE_INFINITY)}\n${String(error)}\n${inspect(causesOf(error))}`;
        if (SECRET.test(text)) told.push(`${what} shows the password`);
        if (text.includes(PASSED)) told.push(`${what} shows a parameter`);
        if (text.includes(MARKER)) told.push(`${what} shows another tenant's statement`);
      }
      await slow;
      expect(told).toEqual([]);
    });
  });
});

/** A statement through the driver's own client. */
function lentQuery(client: object, sql: string): unknown {
  const { prepare, promise, query } = client as {
    prepare?: (sql: string) => { all(): unknown };
    promise?: () => { query(sql: string): Promise<unknown> };
    query: (sql: string) => Promise<unknown>;
  };
  if (prepare !== undefined && query === undefined) return prepare.call(client, sql).all();
  return promise === undefined ? query.call(client, sql) : promise.call(client).query(sql);
}

/** An error with all that stands behind it, each by its own properties. */
function causesOf(error: unknown): unknown[] {
  const all: unknown[] = [];
  for (let each = error; each instanceof Error && all.length < 20; each = each.cause)
    all.push({ ...each, message: each.message, stack: each.stack });
  return all;
}
