import { describe, expect, it } from 'vitest';
import { onEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from './tenancies.js';

const USERS = 'SELECT id FROM users ORDER BY id';

/** Turns of the event loop: more than a wait that stopped it would let by. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise and what settles it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

onEngine('sqlite', (engine) => {
  const workers = engine.label.includes('libsql') ? ['process'] : ['thread', 'process'];
  describe.each(['', ...workers.map((worker) => `&worker=${worker}`)])('tenants in files%s', (parameters) => {
    const namespace = useNamespace(engine);
    const databases = { n: 0 };

    /** A tenancy on the namespace, and a tenant in it. */
    async function open(maxConnections = 4) {
      const { url, name } = namespace();
      const tenancy = await openTenancy(namespace(), {
        servers: { main: { url: url + parameters, maxConnections, maxConnectionsPerTenant: maxConnections } },
      });
      const newTenant = async () => {
        const tenant = name(`Tenant_${++databases.n}`);
        await tenancy.tenants.create({ name: tenant });
        return tenancy.session(tenant);
      };
      return { tenancy, newTenant, first: await newTenant() };
    }

    it('an insert beside an asynchronous transaction is not swallowed into it', async () => {
      const { first } = await open();
      const [begun, failing] = [gate(), gate()];
      const transaction = first.transaction(async (handle) => {
        await handle.execute(insertUser(1, 'rolled back'));
        begun.open();
        await failing.opened;
        throw new Error('no');
      });
      await begun.opened;
      let isDone = false;
      const beside = first.execute(insertUser(2, 'stays')).then(() => {
        isDone = true;
      });
      expect(await first.query(USERS)).toEqual([]);
      await turns(20);
      expect(isDone).toBe(false);
      failing.open();
      await expect(transaction).rejects.toThrow('no');
      await beside;
      expect(await first.query(USERS)).toEqual([{ id: 2 }]);
    });

    it('a lock of one tenant holds up no other', async () => {
      const { first, newTenant } = await open();
      const second = await newTenant();
      const [begun, ending] = [gate(), gate()];
      const transaction = first.transaction(async (handle) => {
        await handle.execute(insertUser(1, 'first'));
        begun.open();
        await ending.opened;
      });
      await begun.opened;
      const waiting = first.execute(insertUser(2, 'first'));
      await second.execute(insertUser(1, 'second'));
      await second.transaction((handle) => handle.execute(insertUser(2, 'second')));
      expect(await second.query(USERS)).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await first.query(USERS)).toEqual([]);
      ending.open();
      await Promise.all([transaction, waiting]);
      expect(await first.query(USERS)).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it('a statement that waits for a lock ends with its limit, and the file is as good as before', async () => {
      const { first } = await open();
      await first.transaction(async (handle) => {
        await handle.execute(insertUser(1, 'holds the lock'));
        // So that what is waited for below is the lock, and not a connection.
        await first.query(USERS);
        const waiting = first.execute(insertUser(2, 'gives up'), [], { timeoutMs: 100 });
        await expect(waiting).rejects.toMatchObject({ code: 'TENANTRY_TIMEOUT' });
      });
      await first.execute(insertUser(3, 'goes on'));
      expect(await first.query(USERS)).toEqual([{ id: 1 }, { id: 3 }]);
    });

    if (parameters === '') {
      it('a handle in a transaction is never the one that gives way', async () => {
        const { first, newTenant, tenancy } = await open(2);
        const others = [await newTenant(), await newTenant(), await newTenant(), await newTenant()];
        await first.transaction(async (handle) => {
          await handle.execute(insertUser(1, 'pinned'));
          for (let round = 0; round < 3; round++) {
            await Promise.all(others.map((other) => other.query(USERS)));
            expect(await handle.query(USERS)).toEqual([{ id: 1 }]);
          }
        });
        expect(await first.query(USERS)).toEqual([{ id: 1 }]);
        expect(tenancy.stats().servers.main?.totals.evictions).toBeGreaterThan(0);
      });
    }

    if (parameters.endsWith('process')) {
      it('a statement without end is cancelled, and leaves no lock behind', async () => {
        const { first } = await open(2);
        await first.query(USERS);
        const endless = `WITH RECURSIVE c (x) AS (SELECT 10 UNION ALL SELECT x + 1 FROM c)
          INSERT INTO users SELECT x, 'never' FROM c`;
        const cancelled = first.execute(endless, [], { timeoutMs: 2000 });
        await expect(cancelled).rejects.toMatchObject({ code: 'TENANTRY_TIMEOUT' });
        await first.execute(insertUser(1, 'afterwards'));
        expect(await first.query(USERS)).toEqual([{ id: 1 }]);
      });
    }
  });
});
