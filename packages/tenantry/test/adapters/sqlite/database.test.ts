import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogUrl } from '../../../../../test/tenancy/tenancies.js';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { parseAddress } from '../../../src/engine/address.js';
import { createTenancy } from '../../../src/index.js';
import { onSqlite } from './fixture.js';

const NAMES = 'SELECT username FROM users ORDER BY id';

onSqlite((open, _engine, namespace) => {
  describe('an ambient database', () => {
    it('answers each call from the tenant of the context at the call', async () => {
      const { tenancy, one, other } = await open();
      const database = sqliteDatabase(tenancy);
      const statement = database.prepare(NAMES).pluck();
      const answers = [one, other, one].map((name) => tenancy.run(name, () => statement.all()));
      expect(await Promise.all(answers)).toEqual([[one], [other], [one]]);
    });

    it('runs nothing without a tenant, whatever is asked of it', async () => {
      const { tenancy } = await open();
      const before = tenancy.stats().servers.main?.totals.leases;
      const database = sqliteDatabase(tenancy);
      const statement = database.prepare(NAMES);
      const noTenant = expect.objectContaining({ code: 'TENANTRY_NO_TENANT' });
      for (const use of [
        () => statement.all(),
        () => statement.get(),
        () => statement.run(),
        () => statement.iterate(),
        () => statement.reader,
        () => statement.columns(),
        () => database.exec('DELETE FROM users'),
        () => database.pragma('user_version'),
        () => database.transaction(() => {})(),
        () => database.inTransaction,
      ]) {
        expect(use).toThrow(noTenant);
      }
      expect(tenancy.stats().servers.main?.totals.leases).toBe(before);
    });

    it('refuses a tenant that is given and is none', async () => {
      const { tenancy } = await open();
      for (const tenant of [undefined, '', 1]) {
        expect(() => sqliteDatabase(tenancy, { tenant: tenant as string })).toThrow(
          expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
        );
      }
    });
  });

  describe('a database of a tenant', () => {
    it('is that tenant’s, whatever is in context', async () => {
      const { tenancy, one, other } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(database.prepare(NAMES).pluck().all()).toEqual([one]);
      expect(await tenancy.run(other, () => database.prepare(NAMES).pluck().get())).toBe(one);
    });

    it('that was not looked up yet says what has to come first', async () => {
      const { one } = await open();
      await using fresh = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: namespace().url },
      });
      const database = sqliteDatabase(fresh, { tenant: one });
      expect(() => database.prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_ROUTE_UNKNOWN', hint: expect.stringContaining('ready()') }),
      );
      await fresh.session(one).ready();
      expect(database.prepare(NAMES).pluck().all()).toEqual([one]);
    });

    it('whose file is another tenant’s is not opened', async () => {
      const { tenancy, one, other } = await open();
      await tenancy.close();
      const { folder } = parseAddress(namespace().url);
      // libsql is long in closing files: what a log still holds would be written over the copy.
      const fileOf = (name: string) => join(String(folder), `${name}.sqlite`);
      for (const suffix of ['', '-wal', '-shm']) rmSync(fileOf(one) + suffix, { force: true });
      copyFileSync(fileOf(other), fileOf(one));
      if (existsSync(`${fileOf(other)}-wal`)) copyFileSync(`${fileOf(other)}-wal`, `${fileOf(one)}-wal`);
      await using fresh = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: namespace().url },
      });
      await fresh.session(one).ready();
      expect(() => sqliteDatabase(fresh, { tenant: one }).prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_IDENTITY_MISMATCH' }),
      );
      expect(fresh.stats().servers.main).toMatchObject({ inUse: 0, idle: 0 });
    });

    it('that is suspended, or never was, is refused', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      database.prepare(NAMES).all();
      await tenancy.tenants.suspend(one);
      expect(() => database.prepare(NAMES).all()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_TENANT_SUSPENDED' }),
      );
      expect(() => sqliteDatabase(tenancy, { tenant: 'nobody' }).exec('SELECT 1')).toThrow(
        expect.objectContaining({ code: 'TENANTRY_ROUTE_UNKNOWN' }),
      );
    });

    it('in a worker is refused: it answers only in time', async () => {
      const { one } = await open();
      await using inWorker = await createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: `${namespace().url}&worker=process` },
      });
      await inWorker.session(one).ready();
      expect(() => sqliteDatabase(inWorker, { tenant: one }).exec('SELECT 1')).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
      );
    });

    it('closes nothing but itself', async () => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(database.open).toBe(true);
      database.close();
      expect(database.open).toBe(false);
      expect(() => database.exec('SELECT 1')).toThrow(expect.objectContaining({ code: 'TENANTRY_CLOSED' }));
      expect(await tenancy.session(one).query(NAMES)).toEqual([{ username: one }]);
    });
  });

  describe('what cannot be ambient', () => {
    it.each([
      "ATTACH 'x' AS y",
      'DETACH y',
      "VACUUM INTO '/tmp/x'",
      'PRAGMA journal_mode = DELETE',
      'SELECT 1; SELECT 2',
      '/* ; */ attach database "x" as y',
    ])('is refused with its reason: %s', async (sql) => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const refused = expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' });
      expect(() => database.prepare(sql).run()).toThrow(refused);
      expect(() => database.prepare(sql).iterate()).toThrow(refused);
      if (sql !== 'SELECT 1; SELECT 2') expect(() => database.exec(`SELECT 1; ${sql}`)).toThrow(refused);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
    });

    it.each([
      'function',
      'aggregate',
      'table',
      'loadExtension',
      'backup',
      'serialize',
      'defaultSafeIntegers',
      'unsafeMode',
    ] as const)('is refused with its reason: %s()', async (method) => {
      const { tenancy, one } = await open();
      const database = sqliteDatabase(tenancy, { tenant: one });
      expect(() => (database[method] as () => unknown)()).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT', message: expect.stringContaining(method) }),
      );
    });
  });

  describe('a client that was lent', () => {
    it('is better-sqlite3’s Database, until it is given back', async () => {
      const { tenancy, one } = await open();
      const lease = await tenancy.clients(one).acquire();
      const database = lease.client as ReturnType<typeof sqliteDatabase>;
      const statement = database.prepare(NAMES);
      const rows = statement.iterate();
      rows.next();
      expect(statement.get()).toEqual({ username: one });
      expect(() => database.exec("ATTACH 'x' AS y")).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' }),
      );
      lease.release();
      const ended = expect.objectContaining({ code: 'TENANTRY_LEASE_ENDED' });
      for (const use of [() => statement.all(), () => rows.next(), () => database.exec('SELECT 1')]) {
        expect(use).toThrow(ended);
      }
    });

    it('leaves nothing behind: a temporary table goes with its handle', async () => {
      const { tenancy, one } = await open(2);
      const database = sqliteDatabase(tenancy, { tenant: one });
      database.exec('CREATE TEMP TABLE mine (a)');
      expect(() => database.exec('SELECT * FROM mine')).toThrow(/no such table/);
    });
  });
});
