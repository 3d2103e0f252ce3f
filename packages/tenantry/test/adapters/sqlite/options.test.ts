import knex from 'knex';
import { describe, expect, it } from 'vitest';
import {
  ambientTypeorm,
  prismaSqlite,
  sqliteDatabase,
  sqliteDialect,
  sqliteKnexClient,
} from '../../../src/adapters/sqlite/index.js';
import type { Tenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

/** A door of SQLite's that takes a tenancy and options. */
interface Door {
  make(tenancy: Tenancy, options: never): unknown;
  /** What is out of range of those of its options that are milliseconds. */
  readonly beyond: Readonly<Record<string, readonly number[]>>;
  /** Wrong values of its other options. */
  readonly others?: Readonly<Record<string, readonly unknown[]>>;
}

const busyTimeoutMs = [-1, 600_001];
const tenant = [undefined, null, '', {}, 5, { nam: 'acme' }, { name: undefined }];

const doors: Readonly<Record<string, Door>> = {
  sqliteDatabase: {
    make: sqliteDatabase,
    beyond: { transactionMs: [0, 86_400_001] },
    others: { tenant },
  },
  sqliteDialect: { make: sqliteDialect, beyond: { busyTimeoutMs }, others: { tenant } },
  prismaSqlite: {
    make: prismaSqlite,
    beyond: { busyTimeoutMs },
    others: { tenant, timestampFormat: ['iso', 'unixepoch', null, 5] },
  },
  sqliteKnexClient: {
    make: (tenancy, options) => sqliteKnexClient(tenancy, knex, options),
    beyond: { busyTimeoutMs },
    others: { tenant },
  },
  ambientTypeorm: {
    make: (tenancy, options) => ambientTypeorm(tenancy, () => expect.unreachable(), options),
    beyond: { busyTimeoutMs, idleMs: [0, 86_400_001] },
  },
};

/** No number of milliseconds in any range. */
const NO_MILLISECONDS = [Number.NaN, 1.5, Number.POSITIVE_INFINITY, '5', null, Symbol('x'), 10n, {}];

const REFUSED = { code: 'TENANTRY_INVALID_OPTION' };

onSqlite((open) => {
  describe.each(Object.entries(doors))('the options of %s', (_name, { make, beyond, others = {} }) => {
    it('are refused where they are no object, have a key that nobody knows or a value that cannot be', async () => {
      const { tenancy } = await open();
      const call = async (given: unknown) => make(tenancy, given as never);
      const wrong: unknown[] = [null, 5, 'acme', [], { tenat: 'acme' }, { busyTimeout: 1 }];
      for (const [option, values] of Object.entries(beyond))
        wrong.push(...[...values, ...NO_MILLISECONDS].map((value) => ({ [option]: value })));
      for (const [option, values] of Object.entries(others))
        wrong.push(...values.map((value) => ({ [option]: value })));
      for (const given of wrong) await expect(call(given)).rejects.toMatchObject(REFUSED);
    });

    it('are not looked at without a tenancy', async () => {
      for (const tenancy of [undefined, null, {}, Promise.resolve()])
        await expect((async () => make(tenancy as never, {} as never))()).rejects.toMatchObject(REFUSED);
    });
  });

  describe('the option tenant', () => {
    it('names a tenant by its name, its id or both', async () => {
      const { tenancy, one } = await open();
      const { id } = await tenancy.session(one).ready();
      const user = (tenant: never) =>
        sqliteDatabase(tenancy, { tenant }).prepare('SELECT username FROM users').pluck().get();
      for (const tenant of [one, { name: one }, { id }, { name: one, id }]) {
        await tenancy.session(tenant).ready();
        expect(user(tenant as never)).toBe(one);
      }
    });
  });

  describe('a statement that is no text', () => {
    it.each([undefined, null, 5, {}, Symbol('x')])('is refused at every door: %s', async (text) => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const lease = await tenancy.clients(one).acquire();
      const given = text as unknown as string;
      await expect((async () => tenancy.session(one).query(given))()).rejects.toMatchObject({
        code: expect.stringMatching(/^TENANTRY_/),
      });
      expect(() => database.exec(given)).toThrow(expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' }));
      expect(() => (lease.client as typeof database).exec(given)).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' }),
      );
      // As better-sqlite3 says it.
      expect(() => database.prepare(given)).toThrow('Expected first argument to be a string');
      lease.release();
    });
  });
});
