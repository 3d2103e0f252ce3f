import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { insertUser } from '../../../../../test/tenancy/tenancies.js';
import { sqliteDialect } from '../../../src/adapters/sqlite/index.js';
import { parseAddress } from '../../../src/engine/address.js';
import { assertDriverName } from '../../../src/engines/sqlite/driver.js';
import type { DriverHandle } from '../../../src/engines/sqlite/driver-handle.js';
import type { Tenancy } from '../../../src/index.js';
import { rawHandle } from '../../engines/sqlite/fixture.js';
import { onSqlite } from './fixture.js';

/** Longer than a process that runs is ever silent, in milliseconds. */
const FROZEN_MS = 700;

/** Each inserts one user. */
const doors: Readonly<Record<string, (tenancy: Tenancy, tenant: string) => Promise<unknown>>> = {
  'a statement of a session': (tenancy, tenant) => tenancy.session(tenant).execute(insertUser(2, 'a')),
  'a transaction of a session': (tenancy, tenant) =>
    tenancy.session(tenant).transaction((transaction) => transaction.execute(insertUser(3, 'b'))),
  'a statement of an ORM': (tenancy, tenant) => sql.raw(insertUser(4, 'c')).execute(kysely(tenancy, tenant)),
  'a transaction of an ORM': (tenancy, tenant) =>
    kysely(tenancy, tenant)
      .transaction()
      .execute((transaction) => sql.raw(insertUser(5, 'd')).execute(transaction)),
};

function kysely(tenancy: Tenancy, tenant: string): Kysely<unknown> {
  return new Kysely({ dialect: sqliteDialect(tenancy, { tenant }) });
}

onSqlite((open, _engine, namespace) => {
  function handleOn(database: string): DriverHandle {
    const { url } = namespace();
    const driver = new URL(url).searchParams.get('driver') ?? '';
    assertDriverName(driver, 'The namespace has driver=');
    return rawHandle(driver, join(String(parseAddress(url).folder), `${database}.sqlite`));
  }

  /** As another process suspends a tenant, at once. */
  function suspend(tenant: string): void {
    const catalog = handleOn(namespace().name('General'));
    catalog.exec(`
      BEGIN IMMEDIATE;
      UPDATE tenantry_catalog SET revision = revision + 1;
      UPDATE tenantry_tenants SET status = 'suspended', epoch = epoch + 1, fence = fence + 1,
        revision = (SELECT revision FROM tenantry_catalog) WHERE name = '${tenant}';
      COMMIT`);
  }

  /** Two tenants, one of whose files is locked, and what waits for it, once it does. */
  async function waiting() {
    const { tenancy, one, other } = await open();
    const holder = handleOn(one);
    holder.exec('BEGIN IMMEDIATE');
    const outcomes = enter(tenancy, one);
    await turn();
    return { tenancy, one, other, holder, outcomes };
  }

  describe('what waits for a lock', () => {
    it('runs when the lock is free, also after the event loop stood still', async () => {
      const { one, holder, outcomes } = await waiting();
      holder.exec('COMMIT');
      freeze();
      expect(await outcomes).toEqual(everyDoor('done'));
      expect(usernames(holder)).toEqual([one, 'a', 'b', 'c', 'd']);
    });

    it('does not run where its tenant was suspended while the event loop stood still', async () => {
      const { tenancy, one, other, holder, outcomes } = await waiting();
      suspend(one);
      holder.exec('COMMIT');
      freeze();
      expect(await outcomes).toEqual(everyDoor(ENDED));
      expect(usernames(holder)).toEqual([one]);
      expect(tenancy.stats().servers.main).toMatchObject({ inUse: 0 });
      expect(await enter(tenancy, other)).toEqual(everyDoor('done'));
    });

    it('does not run where its process has heard meanwhile that its tenant is suspended', async () => {
      const { tenancy, one, holder, outcomes } = await waiting();
      suspend(one);
      await expect
        .poll(() => outcome(tenancy.session(one).ready()), { timeout: 20_000 })
        .toBe('TENANTRY_TENANT_SUSPENDED');
      holder.exec('COMMIT');
      expect(await outcomes).toEqual(everyDoor(ENDED));
      expect(usernames(holder)).toEqual([one]);
    });
  });

  describe('what waits for a place', () => {
    it('does not run where its tenant was suspended while the event loop stood still', async () => {
      const { tenancy, one, other } = await open(1);
      const place = await tenancy.clients(other).acquire();
      const outcomes = enter(tenancy, one);
      await turn();
      suspend(one);
      place.release();
      freeze();
      expect(await outcomes).toEqual(everyDoor(ENDED));
    });
  });

  describe('a transaction under way', () => {
    it('goes on where its tenant is suspended while the event loop stands still, and what follows it does not', async () => {
      const { tenancy, one } = await open();
      const session = tenancy.session(one);
      await session.transaction(async (transaction) => {
        await transaction.execute(insertUser(2, 'a'));
        suspend(one);
        freeze();
        await transaction.execute(insertUser(3, 'b'));
      });
      expect(usernames(handleOn(one))).toEqual([one, 'a', 'b']);
      expect(await outcome(session.query('SELECT 1'))).toEqual(ENDED);
    });
  });
});

/** Uses every door; what each came to. */
async function enter(tenancy: Tenancy, tenant: string): Promise<Record<string, string>> {
  const uses = Object.entries(doors).map(async ([door, use]) => [door, await outcome(use(tenancy, tenant))]);
  return Object.fromEntries(await Promise.all(uses));
}

function everyDoor(outcome: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(doors).map((door) => [door, outcome]));
}

function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    ({ code }) => code,
  );
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const ENDED = expect.stringMatching(/^TENANTRY_(SESSION_ENDED|TENANT_SUSPENDED)$/);

/** No turn of the event loop, as on a machine that is stopped or too busy. */
function freeze(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FROZEN_MS);
}

function usernames(handle: DriverHandle): unknown[] {
  return handle
    .prepare('SELECT username FROM users ORDER BY id')
    .all([])
    .map(({ username }) => username);
}
