import { beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../catalog/catalog.js';
import type { Route } from '../../tenant/tenant.js';
import { adopted, quiet, type SuiteContext } from './suite-context.js';

const WRITERS = 4;
const TENANTS_PER_WRITER = 8;

/** What changed after a revision, and being told of it. */
export function describeChanges(suite: SuiteContext): void {
  describe('reading changes', () => {
    beforeEach(() => suite.catalog.setup());

    it('gives the newest state of each tenant, deleted ones included, in the order of revisions', async () => {
      for (const name of ['a', 'b', 'c']) await suite.catalog.adopt(adopted(name));
      await suite.catalog.changeStatus('a', 'suspended', quiet);
      await suite.catalog.changeStatus('b', 'deleted', quiet);
      const all = await suite.catalog.changesAfter(0, 100);
      expect(all.revision).toBe(5);
      expect(all.routes.map(({ name, status, revision }) => [name, status, revision])).toEqual([
        ['c', 'active', 3],
        ['a', 'suspended', 4],
        ['b', 'deleted', 5],
      ]);
      expect((await suite.catalog.changesAfter(3, 1)).routes.map(({ name }) => name)).toEqual(['a']);
      expect(await suite.catalog.changesAfter(5, 100)).toEqual({
        ...(await suite.catalog.position()),
        routes: [],
      });
    });

    it('misses nothing while several processes write', async () => {
      const writers = Array.from({ length: WRITERS }, (_, index) =>
        write(suite.another(), `writer-${index}`),
      );
      const done = Promise.all(writers);
      let writing = true;
      void done.then(
        () => (writing = false),
        () => (writing = false),
      );
      const seen = new Map<string, Route>();
      let revision = 0;
      for (let last = false; !last; ) {
        last = !writing;
        revision = await readOn(suite.catalog, revision, seen);
        // Where every answer is there at once, the writers would never have their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      const written = (await done).flat();
      expect(new Set(written).size).toBe(written.length);
      expect(revision).toBe(written.length);
      const { tenants } = await suite.catalog.list({ limit: 1000 });
      expect(tenants).toHaveLength(WRITERS * TENANTS_PER_WRITER);
      for (const { id, status, epoch, revision } of tenants) {
        expect(seen.get(id)).toMatchObject({ status, epoch, revision });
      }
    });
  });

  describe('watching', () => {
    it('tells of changes by others, until it is closed', async ({ skip }) => {
      const { catalog } = suite;
      await catalog.setup();
      if (catalog.watch === undefined) skip('this engine pushes no messages; the poll finds changes out');
      const first = await Watcher.on(catalog);
      const second = await Watcher.on(catalog);
      try {
        const told = Promise.all([first.next(), second.next()]);
        await suite.another().adopt(adopted('TenantA'));
        await told;
        await first.close();
        await first.close();
        const { count } = first;
        const toldAgain = second.next();
        await suite.another().changeStatus('TenantA', 'suspended', quiet);
        await toldAgain;
        expect(first.count).toBe(count);
      } finally {
        await Promise.all([first.close(), second.close()]);
      }
    });
  });
}

/** Counts what a catalog tells. */
class Watcher {
  count = 0;
  close: () => Promise<void> = async () => {};
  #tell = (): void => {};

  static async on(catalog: Catalog): Promise<Watcher> {
    const watcher = new Watcher();
    const onChange = (): void => {
      watcher.count++;
      watcher.#tell();
    };
    const watch = await catalog.watch?.({ onChange, onLost: () => {} });
    if (watch !== undefined) watcher.close = () => watch.close();
    return watcher;
  }

  /** Resolves when the catalog tells the next time. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}

/** Adopts tenants and changes them; gives the revisions that this took, in order. */
async function write(catalog: Catalog, prefix: string): Promise<number[]> {
  const revisions: number[] = [];
  for (let index = 0; index < TENANTS_PER_WRITER; index++) {
    const name = `${prefix}-${index}`;
    revisions.push((await catalog.adopt(adopted(name))).revision);
    revisions.push((await catalog.changeStatus(name, 'suspended', { endSessions: true })).revision);
  }
  expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  return revisions;
}

/** Reads on from a revision as a directory does; gives the revision up to which everything was seen. */
async function readOn(catalog: Catalog, revision: number, seen: Map<string, Route>): Promise<number> {
  const limit = 3;
  const snapshot = await catalog.changesAfter(revision, limit);
  expect(snapshot.revision).toBeGreaterThanOrEqual(revision);
  for (const route of snapshot.routes) {
    expect(route.revision).toBeGreaterThan(revision);
    expect(route.revision).toBeLessThanOrEqual(snapshot.revision);
    seen.set(route.id, route);
  }
  const last = snapshot.routes.at(-1);
  if (last === undefined || snapshot.routes.length < limit) return snapshot.revision;
  return readOn(catalog, last.revision, seen);
}
