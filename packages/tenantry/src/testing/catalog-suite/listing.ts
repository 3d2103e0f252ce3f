import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../errors.js';
import { adopted, defined, owner, quiet, type SuiteContext } from './suite-context.js';

/** Pages of tenants; processes and servers. */
export function describeListing(suite: SuiteContext): void {
  describe('listing tenants', () => {
    beforeEach(async () => {
      await suite.catalog.setup();
      for (const name of ['b', 'A', 'd', 'c', 'E']) await suite.catalog.adopt(adopted(name));
    });

    it('goes page by page in the order of names, each tenant once', async () => {
      const names: string[] = [];
      let after: string | undefined;
      for (let page = 0; page < 10; page++) {
        const { tenants, next } = await suite.catalog.list({ limit: 2, after });
        expect(tenants.length).toBeLessThanOrEqual(2);
        names.push(...tenants.map(({ name }) => name));
        if (next === null) break;
        after = next;
      }
      expect(names).toEqual(['A', 'E', 'b', 'c', 'd']);
    });

    it('ends with null, also where the last page is full', async () => {
      expect((await suite.catalog.list({ limit: 5 })).next).toBeNull();
      expect((await suite.catalog.list({})).tenants).toHaveLength(5);
    });

    it('leaves deleted tenants out unless they are asked for', async () => {
      await suite.catalog.changeStatus('b', 'deleted', quiet);
      await suite.catalog.adopt(adopted('b', 'b2'));
      await suite.catalog.changeStatus('b', 'deleted', quiet);
      await suite.catalog.changeStatus('c', 'suspended', quiet);
      expect((await suite.catalog.list({})).tenants.map(({ name }) => name)).toEqual(['A', 'E', 'c', 'd']);
      expect((await suite.catalog.list({ status: 'suspended' })).tenants.map(({ name }) => name)).toEqual([
        'c',
      ]);
      const first = await suite.catalog.list({ status: 'deleted', limit: 1 });
      const second = await suite.catalog.list({ status: 'deleted', limit: 1, after: defined(first.next) });
      expect(second.next).toBeNull();
      const ids = [...first.tenants, ...second.tenants].map(({ id }) => id);
      expect(new Set(ids).size).toBe(2);
    });

    it('refuses a page that cannot be', async () => {
      for (const limit of [0, 1001, 1.5, Number.NaN]) {
        await expect(suite.catalog.list({ limit })).rejects.toBeInstanceOf(InvalidInputError);
      }
      await expect(suite.catalog.list({ after: 'nowhere' })).rejects.toBeInstanceOf(InvalidInputError);
    });
  });

  describe('processes and servers', () => {
    beforeEach(() => suite.catalog.setup());

    it('are written without a new revision, as often as wanted', async () => {
      const me = owner();
      await suite.catalog.heartbeat(me);
      await suite.catalog.heartbeat({ ...me, revision: 7, label: 'x'.repeat(1000) });
      await Promise.all(Array.from({ length: 5 }, () => suite.another().heartbeat(owner())));
      await suite.catalog.registerServer('main', 'mysql', 'mysql://app@db:3306');
      await suite.catalog.registerServer('main', 'postgres', 'postgres://app@db:5432');
      await suite.catalog.removeProcess(me.id);
      await suite.catalog.removeProcess(me.id);
      expect((await suite.catalog.position()).revision).toBe(0);
    });
  });
}
