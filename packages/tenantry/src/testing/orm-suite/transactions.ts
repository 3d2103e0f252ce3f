import { beforeEach, describe, expect, it } from 'vitest';
import type { OrmGaps } from './fixture.js';
import type { OrmSuiteContext } from './suite-context.js';

/** Transactions stay on one connection of one tenant, and end with it. */
export function describeOrmTransactions(suite: OrmSuiteContext, gaps: OrmGaps): void {
  describe('a transaction', () => {
    beforeEach((context) => {
      if (gaps.transactions !== undefined) context.skip(gaps.transactions);
    });

    it('is seen when it is committed, and by its tenant only', async () => {
      const [a, b] = suite.pair;
      const id = suite.newId();
      await suite.in(a, () =>
        suite.orm.transaction(async (handle) => {
          await handle.add(id, `committed ${id}`);
          expect(await handle.names()).toContain(`committed ${id}`);
        }),
      );
      expect(await suite.namesOf(a)).toContain(`committed ${id}`);
      expect(await suite.namesOf(b)).not.toContain(`committed ${id}`);
    });

    it('leaves nothing when its work throws', async () => {
      const [a] = suite.pair;
      const id = suite.newId();
      const work = suite.in(a, () =>
        suite.orm.transaction(async (handle) => {
          await handle.add(id, `undone ${id}`);
          throw new Error('changed my mind');
        }),
      );
      await expect(work).rejects.toThrow('changed my mind');
      expect(await suite.namesOf(a)).not.toContain(`undone ${id}`);
    });

    it('leaves nothing when a statement in it fails, and its connection serves on', async () => {
      const [a, b] = suite.pair;
      const id = suite.newId();
      const work = suite.in(a, () =>
        suite.orm.transaction(async (handle) => {
          await handle.add(id, `undone ${id}`);
          await handle.add(1, 'taken');
        }),
      );
      await expect(work).rejects.toThrow();
      expect(await suite.namesOf(a)).not.toContain(`undone ${id}`);
      expect(await suite.in(b, () => suite.owner())).toBe(`of ${b}`);
    });

    it('leaves nothing when its work is aborted while a statement of it is under way', async () => {
      const [a, b] = suite.pair;
      const id = suite.newId();
      const controller = new AbortController();
      let underWay: Promise<unknown> = Promise.resolve();
      const work = suite.in(a, () =>
        suite.orm.transaction(async (handle) => {
          await handle.add(id, `undone ${id}`);
          underWay = Promise.resolve(handle.names()).catch(() => {});
          controller.abort(new Error('the caller went away'));
          controller.signal.throwIfAborted();
        }),
      );
      await expect(work).rejects.toThrow('the caller went away');
      await underWay;
      expect(await suite.namesOf(a)).not.toContain(`undone ${id}`);
      expect(await suite.in(b, () => suite.owner())).toBe(`of ${b}`);
    });

    it('runs beside those of other tenants', async () => {
      const id = suite.newId();
      await Promise.all(
        suite.tenants.slice(0, 5).map((tenant) =>
          suite.in(tenant, () =>
            suite.orm.transaction(async (handle) => {
              expect((await handle.names())[0]).toBe(`of ${tenant}`);
              await handle.add(id, `${id} of ${tenant}`);
              expect(await handle.names()).toContain(`${id} of ${tenant}`);
            }),
          ),
        ),
      );
      for (const tenant of suite.tenants.slice(0, 5)) {
        expect((await suite.namesOf(tenant)).filter((name) => name.startsWith(`${id} of`))).toEqual([
          `${id} of ${tenant}`,
        ]);
      }
    });

    it('can hold another one', async (context) => {
      const reason = gaps['nested transactions'];
      if (reason !== undefined) return context.skip(reason);
      const [a] = suite.pair;
      const [kept, undone] = [suite.newId(), suite.newId()];
      await suite.in(a, () =>
        suite.orm.transaction(async (outer) => {
          await outer.add(kept, `kept ${kept}`);
          const inner = outer.nested?.(async (handle) => {
            await handle.add(undone, `undone ${undone}`);
            throw new Error('only the inner one');
          });
          await expect(inner).rejects.toThrow('only the inner one');
        }),
      );
      const names = await suite.namesOf(a);
      expect(names).toContain(`kept ${kept}`);
      expect(names).not.toContain(`undone ${undone}`);
    });
  });
}
