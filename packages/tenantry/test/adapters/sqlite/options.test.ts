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

/** Everything of SQLite's that takes a tenancy and options. */
const doors: Record<string, (tenancy: Tenancy, options: never) => unknown> = {
  sqliteDatabase,
  sqliteDialect,
  prismaSqlite,
  sqliteKnexClient: (tenancy, options) => sqliteKnexClient(tenancy, knex, options),
  ambientTypeorm: (tenancy, options) => ambientTypeorm(tenancy, () => expect.unreachable(), options),
};

const REFUSED = { code: 'TENANTRY_INVALID_OPTION' };

onSqlite((open) => {
  describe.each(Object.entries(doors))('the options of %s', (_name, make) => {
    it('are refused where they are no object, have a key that nobody knows or a value of another kind', async () => {
      const { tenancy } = await open();
      const call = async (given: unknown) => make(tenancy, given as never);
      for (const given of [null, 5, 'acme', [], { tenat: 'acme' }, { busyTimeout: 1 }])
        await expect(call(given)).rejects.toMatchObject(REFUSED);
      const wrong = [Number.NaN, '5', null, -1, Symbol('x'), 10n, {}];
      const option = ['ambientTypeorm'].includes(_name)
        ? 'idleMs'
        : _name === 'sqliteDatabase'
          ? 'transactionMs'
          : 'busyTimeoutMs';
      for (const value of wrong) await expect(call({ [option]: value })).rejects.toMatchObject(REFUSED);
    });

    it('are not looked at without a tenancy', async () => {
      for (const tenancy of [undefined, null, {}, Promise.resolve()])
        await expect((async () => make(tenancy as never, {} as never))()).rejects.toMatchObject(REFUSED);
    });
  });

  describe('the option tenant', () => {
    it('names a tenant by its name, its id or both, and must name one', async () => {
      const { tenancy, one } = await open();
      const { id } = await tenancy.session(one).ready();
      const user = (tenant: never) =>
        sqliteDatabase(tenancy, { tenant }).prepare('SELECT username FROM users').pluck().get();
      for (const tenant of [one, { name: one }, { id }, { name: one, id }]) {
        await tenancy.session(tenant).ready();
        expect(user(tenant as never)).toBe(one);
      }
      for (const tenant of [undefined, null, '', {}, 5, { nam: one }, { name: undefined }])
        expect(() => user(tenant as never)).toThrow(expect.objectContaining(REFUSED));
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
