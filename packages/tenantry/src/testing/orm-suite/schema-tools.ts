import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrmGaps, OrmSchemaTools } from './fixture.js';
import { hasCode, type OrmSuiteContext } from './suite-context.js';

/** What every part of a fleet looks like, except that of the tenant which is worked on. */
type Others = readonly { readonly tables: readonly string[]; readonly users: readonly string[] }[];

/** Schema tools work in the tenant that is in context, or refuse: never in the template, never in another tenant. */
export function describeOrmSchemaTools(suite: OrmSuiteContext, gaps: OrmGaps): void {
  describe("an ORM's schema tools", () => {
    const tool = <Name extends keyof OrmSchemaTools>(name: Name) => suite.orm.schema?.[name];
    let before: Others = [];

    beforeEach(async (context) => {
      const reason = gaps['schema tools'];
      if (reason !== undefined) return context.skip(reason);
      if (suite.tablesOf(undefined) === undefined) return context.skip('tenants have no tables of their own');
      before = await others();
    });
    afterEach(async () => {
      if (before.length > 0) expect(await others()).toEqual(before);
      before = [];
    });

    /** The template, and the second tenant, which has nothing done to it. */
    async function others(): Promise<Others> {
      const [, b] = suite.pair;
      const users = [[], await suite.namesOf(b)];
      return Promise.all(
        [undefined, b].map(async (tenant, index) => ({
          tables: (await suite.tablesOf(tenant)) ?? [],
          users: users[index] ?? [],
        })),
      );
    }

    const tables = async (): Promise<string[]> => (await suite.tablesOf(suite.pair[0])) ?? [];
    const inFirst = <T>(work: (() => Promise<T>) | undefined): Promise<T | undefined> =>
      suite.in(suite.pair[0], async () => work?.());

    it('make a table, see it, and drop it', async (context) => {
      const { create, has, columns, drop } = suite.orm.schema ?? {};
      if (create === undefined || drop === undefined) return context.skip('it makes no tables');
      await inFirst(() => create('notes'));
      expect(await tables()).toContain('notes');
      if (has !== undefined) {
        expect(await inFirst(() => has('notes'))).toBe(true);
        expect(await suite.in(suite.pair[1], () => has('notes'))).toBe(false);
      }
      if (columns !== undefined) expect(await inFirst(() => columns('notes'))).toEqual(['id']);
      await inFirst(() => drop('notes'));
      expect(await tables()).not.toContain('notes');
      if (has !== undefined) expect(await inFirst(() => has('notes'))).toBe(false);
    });

    it('migrate each tenant, whoever was migrated before it, the template too', async (context) => {
      const migrate = tool('migrate');
      if (migrate === undefined) return context.skip('it has no migrations');
      const [, , third, fourth] = suite.tenants as [string, string, string, string];
      await suite.tenancy.asTemplate(migrate);
      expect(await suite.tablesOf(undefined)).toContain('migrated');
      before = await others();
      for (const tenant of [third, fourth]) {
        await suite.in(tenant, migrate);
        expect(await suite.tablesOf(tenant)).toContain('migrated');
        await suite.in(tenant, migrate);
      }
      expect(await tables()).not.toContain('migrated');
      const revert = tool('revert');
      if (revert === undefined) return;
      await suite.in(third, revert);
      expect(await suite.tablesOf(third)).not.toContain('migrated');
      expect(await suite.tablesOf(fourth)).toContain('migrated');
    });

    it('bring a tenant up to the model', async (context) => {
      const synchronize = tool('synchronize');
      if (synchronize === undefined) return context.skip('it does not synchronize');
      await inFirst(synchronize);
      expect(await tables()).toContain('synchronized');
      await inFirst(synchronize);
      expect(await suite.in(suite.pair[0], () => suite.owner())).toBe(`of ${suite.pair[0]}`);
    });

    it('drop everything that a tenant has, or refuse to', async (context) => {
      const dropAll = tool('dropAll');
      if (dropAll === undefined) return context.skip('it drops tables one by one');
      const last = suite.tenants.at(-1) ?? '';
      const had = await suite.tablesOf(last);
      const refused = await suite.in(last, dropAll).then(
        () => false,
        (error: unknown) => {
          if (hasCode(error, 'TENANTRY_NOT_SUPPORTED') || hasCode(error, 'TENANTRY_INVALID_INPUT'))
            return true;
          throw error;
        },
      );
      const has = await suite.tablesOf(last);
      if (refused) expect(has).toEqual(had);
      // Without its identity it would not be served again.
      else expect(has).toEqual(had?.filter((table) => table.startsWith('tenantry')));
    });
  });
}
