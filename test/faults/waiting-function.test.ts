import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import QueryStream from 'pg-query-stream';
import { describe, expect, it } from 'vitest';
import { mariadbPool, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { sqliteDatabase } from '../../packages/tenantry/src/adapters/sqlite/index.js';
import type { Executor, TenancyOptions } from '../../packages/tenantry/src/index.js';
import {
  type EngineUnderTest,
  forEachEngine,
  type Namespace,
  onEngine,
  useNamespace,
} from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';
import { NOTES, outcome, read, write } from './setting.js';

const CLOSED = 'TENANTRY_CLOSED';
const TIMEOUT = 'TENANTRY_TIMEOUT';
/** Far more than any time that is given here, and far less than the limits that do not hold here. */
const LATE_MS = 10_000;

/** What somebody waits for that is no database, and how it is let go on. */
function somethingElse() {
  let goOn = () => {};
  const elsewhere = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  return { elsewhere, goOn };
}

/** Settles in time, or with the word `late`. */
function inTime<T>(work: Promise<T>): Promise<T | 'late'> {
  return Promise.race([work, sleep(LATE_MS, 'late' as const, { ref: false })]);
}

/** A tenancy with one tenant, and another one that sees what the first has left at the server. */
function useTenant(engine: EngineUnderTest, variant: (namespace: Namespace) => Namespace = (same) => same) {
  const namespace = useNamespace(engine);
  return async (suffix: string, options: Partial<TenancyOptions> = {}) => {
    const own = variant(namespace());
    const name = own.name(suffix);
    const tenancy = await openTenancy(own, { provision: { script: NOTES }, ...options });
    await tenancy.tenants.create({ name });
    const witness = await openTenancy(own);
    return {
      tenancy,
      name,
      session: tenancy.session(name),
      places: () => {
        const { inUse, closing } = tenancy.stats().servers.main ?? { inUse: -1, closing: -1 };
        return inUse + closing;
      },
      /** That nothing is left of the transaction: neither what it wrote nor its locks. */
      assertRolledBack: async () => {
        await write(witness.session(name), 'of somebody else');
        expect(await read(witness.session(name))).toEqual(['of somebody else']);
      },
    };
  };
}

/** A transaction whose function has written, and waits for something that is no database. */
async function begun(transaction: (fn: (tx: Executor) => Promise<unknown>) => Promise<unknown>) {
  const { elsewhere, goOn } = somethingElse();
  let later: Promise<unknown> = Promise.resolve();
  let written = () => {};
  const waits = new Promise<void>((resolve) => {
    written = resolve;
  });
  const ended = transaction(async (tx) => {
    await write(tx, 'half');
    written();
    await elsewhere;
    later = write(tx, 'after').catch((error: unknown) => error);
    await later;
  });
  const result = outcome(ended);
  await Promise.race([waits, ended]);
  return {
    ended: result,
    /** What the function's next statement says, when it goes on at last. */
    next: async () => {
      goOn();
      await new Promise(setImmediate);
      return later;
    },
  };
}

/** How an engine can be used: SQLite in workers, too. libsql crashes in threads. */
function variantsOf({
  name,
  label,
}: EngineUnderTest): (readonly [string, (namespace: Namespace) => Namespace])[] {
  const inWorker = (worker: string) =>
    [` in a ${worker}`, (of: Namespace) => ({ ...of, url: `${of.url}&worker=${worker}` })] as const;
  const workers = name !== 'sqlite' ? [] : label.includes('libsql') ? ['process'] : ['thread', 'process'];
  return [['', (same) => same], ...workers.map(inWorker)];
}

forEachEngine((engine) => {
  describe.each(variantsOf(engine))(
    'a transaction%s whose function waits for something else than the database',
    (label, variant) => {
      const tenant = useTenant(engine, variant);
      const suffix = (base: string) => base + label.replaceAll(' ', '_');

      it('ends when close has no more time: rolled back, and all who wait are told why', async () => {
        const { tenancy, session, assertRolledBack } = await tenant(suffix('closed'));
        const { ended, next } = await begun((fn) => session.transaction(fn));
        expect(await inTime(tenancy.close({ timeoutMs: 300 }))).toBeUndefined();
        expect(await inTime(ended)).toBe(CLOSED);
        expect(await next()).toMatchObject({
          code: 'TENANTRY_LEASE_ENDED',
          message: /closed/,
          cause: { code: CLOSED },
        });
        await assertRolledBack();
      });

      it('ends by destroy, also inside a run and another transaction', async () => {
        const { tenancy, name, assertRolledBack } = await tenant(suffix('nested'));
        // Two writers would wait for each other where there is one lock for all.
        const { ended } = await begun((fn) =>
          tenancy.run(name, () =>
            tenancy.session().transaction(
              async (outer) => {
                await outer.query('SELECT 1');
                await tenancy.session().transaction(fn);
              },
              { readOnly: true },
            ),
          ),
        );
        expect(await inTime(tenancy.destroy())).toBeUndefined();
        expect(await inTime(ended)).toBe(CLOSED);
        await assertRolledBack();
      });

      it('ends when its own time is over, and its place is free', async () => {
        const { session, places, assertRolledBack } = await tenant(suffix('late'), {
          timeouts: { transactionMs: 1000 },
        });
        await session.query('SELECT 1');
        const { ended, next } = await begun((fn) => session.transaction(fn));
        expect(await inTime(ended)).toBe(TIMEOUT);
        expect(await next()).toMatchObject({
          code: 'TENANTRY_LEASE_ENDED',
          message: /1000 ms/,
          cause: { code: TIMEOUT },
        });
        await expect.poll(places).toBe(0);
        await assertRolledBack();
      });

      it('of the catalog’s own database ends as well', async () => {
        const { tenancy } = await tenant(suffix('central'));
        await tenancy.central.execute('CREATE TABLE notes (text VARCHAR(100) NOT NULL)').catch(() => {});
        const { ended } = await begun((fn) => tenancy.central.transaction(fn));
        expect(await inTime(tenancy.close({ timeoutMs: 300 }))).toBeUndefined();
        expect(await inTime(ended)).toBe(CLOSED);
      });
    },
  );
});

/** A client in somebody's hands: how it is asked for, and how it runs a statement. */
type Borrow = (
  tenancy: Awaited<ReturnType<typeof openTenancy>>,
  tenant: string,
) => Promise<(sql: string) => Promise<unknown>>;

const borrowers: Record<EngineUnderTest['name'], Record<string, Borrow>> = {
  postgres: {
    'clients().acquire': async (tenancy, tenant) => {
      const { client } = await tenancy.clients(tenant).acquire();
      return async (sql) => (client as pg.Client).query(sql);
    },
    'pgPool.connect': async (tenancy, tenant) => {
      const client = await pgPool(tenancy, { tenant }).connect();
      return async (sql) => client.query(sql);
    },
  },
  mysql: {
    'clients().acquire': async (tenancy, tenant) => {
      const { client } = await tenancy.clients(tenant).acquire();
      return async (sql) =>
        (client as { promise(): { query(sql: string): Promise<unknown> } }).promise().query(sql);
    },
    'mysqlPool.getConnection': async (tenancy, tenant) => {
      const connection = await mysqlPool(tenancy, { tenant }).promise().getConnection();
      return async (sql) => connection.query(sql);
    },
    'mariadbPool.getConnection': async (tenancy, tenant) => {
      const connection = await mariadbPool(tenancy, { tenant }).getConnection();
      return (sql) => connection.query(sql);
    },
  },
  sqlite: {
    'clients().acquire': async (tenancy, tenant) => {
      const { client } = await tenancy.clients(tenant).acquire();
      return async (sql) => (client as { exec(sql: string): void }).exec(sql);
    },
    sqliteDatabase: async (tenancy, tenant) => {
      await tenancy.session(tenant).ready();
      const database = sqliteDatabase(tenancy, { tenant });
      return async (sql) => database.exec(sql);
    },
  },
};

forEachEngine((engine) => {
  describe.each(Object.entries(borrowers[engine.name]))(
    'a client of %s that is left in a transaction',
    (label, borrow) => {
      const tenant = useTenant(engine);
      const suffix = (base: string) => `${base}${Object.keys(borrowers[engine.name]).indexOf(label)}`;

      it('is taken away when close has no more time, and says why', async () => {
        const { tenancy, name, assertRolledBack } = await tenant(suffix('closed'));
        const run = await borrow(tenancy, name);
        await run('BEGIN');
        await run("INSERT INTO notes (text) VALUES ('half')");
        expect(await inTime(tenancy.close({ timeoutMs: 300 }))).toBeUndefined();
        expect(await outcome(run("INSERT INTO notes (text) VALUES ('after')"))).toBe(CLOSED);
        await assertRolledBack();
      });

      it('is taken away when its transaction has had its time', async () => {
        const { tenancy, name, places, assertRolledBack } = await tenant(suffix('late'), {
          timeouts: { transactionMs: 500 },
        });
        const run = await borrow(tenancy, name);
        await run('BEGIN');
        await run("INSERT INTO notes (text) VALUES ('half')");
        await expect.poll(places).toBe(0);
        expect(await outcome(run("INSERT INTO notes (text) VALUES ('after')"))).toBe(TIMEOUT);
        await assertRolledBack();
      });
    },
  );
});

onEngine('postgres', (engine) => {
  const tenant = useTenant(engine);

  it('a stream that nobody reads ends with why when close has no more time', async () => {
    const { tenancy, name } = await tenant('stream');
    const client = await pgPool(tenancy, { tenant: name }).connect();
    const rows = client.query(new QueryStream('SELECT generate_series(1, 100000) AS n'));
    await once(rows, 'readable');
    const failed = once(rows, 'error');
    expect(await inTime(tenancy.close({ timeoutMs: 300 }))).toBeUndefined();
    // It asks for rows when it is read, and learns of it then.
    rows.resume();
    expect(await inTime(failed)).toMatchObject([{ code: CLOSED }]);
  });
});

onEngine('mysql', (engine) => {
  const tenant = useTenant(engine);

  it('a stream that nobody reads ends with why when close has no more time', async () => {
    const { tenancy, name } = await tenant('stream');
    const rows = mysqlPool(tenancy, { tenant: name }).query('SELECT seq FROM seq_1_to_100000').stream();
    await once(rows, 'readable');
    const failed = once(rows, 'error');
    expect(await inTime(tenancy.close({ timeoutMs: 300 }))).toBeUndefined();
    expect(await inTime(failed)).toMatchObject([{ code: CLOSED }]);
  });
});
