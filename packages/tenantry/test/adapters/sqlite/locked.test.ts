import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { catalogUrl, openTenancy } from '../../../../../test/tenancy/tenancies.js';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { parseAddress } from '../../../src/engine/address.js';
import { assertDriverName } from '../../../src/engines/sqlite/driver.js';
import type { DriverHandle } from '../../../src/engines/sqlite/driver-handle.js';
import { createTenancy } from '../../../src/index.js';
import { rawHandle } from '../../engines/sqlite/fixture.js';
import { onSqlite } from './fixture.js';

onSqlite((open, _engine, namespace) => {
  /** Keeps everybody out of a file, as a program does that has it to itself. */
  async function lock(database: string): Promise<DriverHandle> {
    const { url } = namespace();
    const driver = new URL(url).searchParams.get('driver') ?? '';
    assertDriverName(driver, 'The namespace has driver=');
    // libsql closes a file when its last statement is collected.
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    const handle = rawHandle(driver, join(String(parseAddress(url).folder), `${database}.sqlite`));
    handle.exec('PRAGMA locking_mode = EXCLUSIVE');
    handle.exec('BEGIN IMMEDIATE');
    handle.exec('COMMIT');
    return handle;
  }

  describe('a file that another program keeps locked while it is opened', () => {
    it('is told to be locked, with what waits for it: by the call that cannot wait, and by a session', async () => {
      const { tenancy, one } = await open();
      await tenancy.close();
      const fresh = await openTenancy(namespace(), { timeouts: { connectMs: 30 } });
      await fresh.session(one).ready();
      const holder = await lock(one);
      const database = sqliteDatabase(fresh, { tenant: one });
      const locked = expect.objectContaining({
        code: 'TENANTRY_SERVER_UNAVAILABLE',
        kind: 'lock-timeout',
        retryable: true,
        message: expect.stringMatching(/^The database \S+ on server main \(.*\) is locked: /),
        hint: expect.stringContaining('warmUp'),
      });
      expect(() => database.prepare('SELECT 1 FROM users').all()).toThrow(locked);
      await expect(fresh.session(one).query('SELECT 1 FROM users')).rejects.toEqual(locked);
      // It says nothing of the server.
      expect(fresh.stats().servers.main).toMatchObject({ inUse: 0, unreachable: false });
      const warm = fresh.warmUp([one]);
      holder.close();
      expect(await warm).toMatchObject({ connections: 1, failed: [] });
      expect(database.prepare('SELECT count(*) AS n FROM users').get()).toEqual({ n: 1 });
    });

    it('and is the catalog’s is told to be locked, not to be out of reach', async () => {
      const { tenancy } = await open();
      await tenancy.close();
      await lock(namespace().name('General'));
      const opening = createTenancy({
        catalog: catalogUrl(namespace()),
        servers: { main: namespace().url },
        timeouts: { connectMs: 30 },
      });
      await expect(opening).rejects.toMatchObject({
        code: 'TENANTRY_CATALOG_UNAVAILABLE',
        kind: 'lock-timeout',
        message: expect.stringMatching(/^The catalog \(.*\) is locked: /),
      });
    });
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('globalThis.gc') as () => void)();
}
