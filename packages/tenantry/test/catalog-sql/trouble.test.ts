import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine } from '../../../../test/helpers/engines.js';
import { databasePlacement } from '../../src/catalog/catalog.js';
import type { EngineConnection } from '../../src/engine/connection.js';
import {
  AbortedError,
  CatalogUnavailableError,
  TenancyError,
  TransactionOutcomeUnknownError,
} from '../../src/errors.js';
import { newId } from '../../src/tenant/id.js';
import { endBeforeCall, intercept } from './tamper.js';
import { makeTestCatalog, type TestCatalog } from './test-catalog.js';

forEachEngine((engine) =>
  describe('the catalog in trouble', () => {
    let test: TestCatalog;

    beforeEach(async () => {
      test = await makeTestCatalog(engine);
      await test.catalog.setup();
    });

    afterEach(() => test.close());

    describe('while somebody holds the lock that every change needs', () => {
      it('gives up a change in time, holds no connection and leaves nothing behind', async () => {
        const other = await test.connect();
        await other.begin();
        await other.query('UPDATE tenantry_catalog SET revision = revision + 100');
        await expect(test.withTimeout(300).adopt(tenant('TenantA'))).rejects.toBeInstanceOf(
          CatalogUnavailableError,
        );
        expect(test.leased()).toBe(0);
        // Readers are not held up.
        expect((await test.catalog.position()).revision).toBe(0);
        await other.rollback();
        expect((await test.catalog.adopt(tenant('TenantB'))).revision).toBe(1);
        expect(await test.catalog.findByName('TenantA')).toBeUndefined();
      });
    });

    describe('a caller that gives up', () => {
      it('is told so, and not that the catalog is out of reach', async () => {
        await expect(test.catalog.position(AbortSignal.abort())).rejects.toBeInstanceOf(AbortedError);
        const controller = new AbortController();
        const question = test.catalog.routesByName(['TenantA'], controller.signal);
        controller.abort();
        await expect(question).rejects.toBeInstanceOf(AbortedError);
      });

      it('because its time is up, is told that the catalog did not answer', async () => {
        const signal = AbortSignal.abort(new DOMException('The time is up.', 'TimeoutError'));
        await expect(test.catalog.position(signal)).rejects.toBeInstanceOf(CatalogUnavailableError);
      });
    });

    describe('a connection that ends', () => {
      it('before anything was sent is replaced, for reads and for changes', async () => {
        const read = endBeforeCall(1);
        expect((await test.tampered(read.tamper).position()).revision).toBe(0);
        const change = endBeforeCall(1);
        expect((await test.tampered(change.tamper).adopt(tenant('TenantA'))).revision).toBe(1);
      });

      it('in the middle of a change leaves all of it or nothing, and the change is not repeated', async () => {
        let outcomes = 0;
        for (let call = 2; ; call++) {
          const cut = endBeforeCall(call);
          const name = `tenant-${call}`;
          const { revision } = await test.catalog.position();
          const error = await test
            .tampered(cut.tamper)
            .adopt(tenant(name))
            .then(
              () => undefined,
              (reason: unknown) => reason,
            );
          if (cut.calls < call) break;
          outcomes++;
          const isThere = (await test.catalog.findByName(name)) !== undefined;
          expect(isThere).toBe(error === undefined);
          if (error !== undefined) expect(error).toBeInstanceOf(TenancyError);
          expect((await test.catalog.position()).revision).toBe(revision + (isThere ? 1 : 0));
        }
        expect(outcomes).toBeGreaterThan(4);
      });

      it('when COMMIT was sent and not answered, says that nobody knows', async () => {
        const silent = test.tampered((connection) =>
          intercept(connection, {
            after(call) {
              if (call !== 'commit') return;
              connection.destroy();
              throw new Error('The reply never came.');
            },
          }),
        );
        await expect(silent.adopt(tenant('TenantA'))).rejects.toBeInstanceOf(TransactionOutcomeUnknownError);
        expect((await test.catalog.findByName('TenantA'))?.status).toBe('active');
      });
    });

    it('runs a change again that the server gave up in a deadlock', async ({ skip }) => {
      if (engine.name === 'sqlite') skip('one writer at a time cannot deadlock');
      const owner = { id: newId(), label: 'a test', revision: 0, leaseMs: 15_000 };
      await test.catalog.heartbeat(owner);
      let attempts = 0;
      const counting = test.tampered((connection) => {
        attempts++;
        return connection;
      });
      const other = await test.connect();
      await other.begin();
      // A heavy transaction: MariaDB gives up the lighter one of two.
      await other.query(`INSERT INTO tenantry_servers VALUES ${servers(200)}`);
      await other.query(`UPDATE tenantry_processes SET label = 'x' WHERE id = '${owner.id}'`);
      const creating = counting.beginCreate(
        { ...tenant('TenantA'), placements: [databasePlacement('main', 'TenantA')], metadata: {} },
        owner,
      );
      await untilSomebodyWaits(test, engine.name);
      // It holds the catalog's row and waits for the process's; now each waits for the other.
      const closing = other
        .query('UPDATE tenantry_catalog SET created_at = created_at')
        .then(() => other.rollback())
        .catch(() => other.rollback());
      const created = (await creating).tenant;
      await closing;
      expect(created).toMatchObject({ name: 'TenantA', status: 'creating', revision: 1 });
      expect(attempts).toBeGreaterThan(engine.name === 'mysql' ? 1 : 0);
    });

    it('never shows the password', async ({ skip }) => {
      if (engine.name === 'sqlite') skip('a folder of files has no password');
      const error: unknown = await test
        .unreachable()
        .position()
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CatalogUnavailableError);
      const shown = `${String(error)} ${JSON.stringify(error)} ${(error as TenancyError).hint}`;
      expect(shown).not.toContain('hunter2');
      expect(shown).toContain('nobody.sock');
    });
  }),
);

async function untilSomebodyWaits(test: TestCatalog, engine: string): Promise<void> {
  const watcher = await test.connect();
  for (;;) {
    const isWaiting =
      engine === 'mysql' ? await innodbWaits(watcher, test.database) : await backendWaits(watcher);
    if (isWaiting) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The monitor, because InnoDB's information schema is a cache that frequent questions keep from being renewed. */
async function innodbWaits(watcher: EngineConnection, database: string): Promise<boolean> {
  const { rows } = await watcher.query('SHOW ENGINE INNODB STATUS');
  return new RegExp(`\`${database}\`\\.\`tenantry_processes\`[^\n]*waiting`).test(String(rows[0]?.Status));
}

async function backendWaits(watcher: EngineConnection): Promise<boolean> {
  const { rows } = await watcher.query(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows.length > 0;
}

function servers(count: number): string {
  return Array.from({ length: count }, (_, index) => `('server-${index}', 'mysql', 'x', 0)`).join(', ');
}

function tenant(name: string) {
  return { id: newId(), name, server: 'main', database: name, identity: 'table' } as const;
}
