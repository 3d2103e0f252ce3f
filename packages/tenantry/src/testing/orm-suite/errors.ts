import { describe, expect, it } from 'vitest';
import { problem } from '../../adapters/http/problem.js';
import { tenancyErrorOf } from '../../errors/tenancy-error-of.js';
import { TenantSuspendedError, UnknownTenantError } from '../../errors.js';
import type { OrmGaps } from './fixture.js';
import type { OrmSuiteContext } from './suite-context.js';

/** What is wrong with a tenant is told behind whatever the ORM makes of it. */
export function describeOrmErrors(suite: OrmSuiteContext, gaps: OrmGaps): void {
  describe('an error', () => {
    const failing = (work: () => PromiseLike<unknown>): Promise<unknown> =>
      Promise.resolve()
        .then(work)
        .then(
          () => expect.fail('It did not fail.'),
          (error: unknown) => error,
        );

    it('tells of a tenant that there is not', async () => {
      const name = `${suite.pair[0]}_nobody`;
      const error = await failing(() => suite.in(name, () => suite.orm.names()));
      expect(tenancyErrorOf(error)).toBeInstanceOf(UnknownTenantError);
      expect(problem(error).details).toMatchObject({ status: 404, code: 'TENANTRY_UNKNOWN_TENANT' });
    });

    it('tells of a tenant that is suspended, before a transaction, in it, and after it', async () => {
      const suspended = suite.tenants.at(-2) ?? '';
      const names = () => suite.in(suspended, () => suite.orm.names());
      const transaction = (work: () => Promise<unknown>) =>
        suite.in(suspended, () =>
          suite.orm.transaction(async () => {
            await work();
          }),
        );
      const expectSuspended = async (work: () => PromiseLike<unknown>) => {
        const error = await failing(work);
        expect(tenancyErrorOf(error)).toBeInstanceOf(TenantSuspendedError);
        expect(problem(error).details).toMatchObject({ status: 403, code: 'TENANTRY_TENANT_SUSPENDED' });
      };
      if (gaps.transactions === undefined) {
        const inside = transaction(async () => {
          await suite.tenancy.tenants.suspend(suspended);
          await expectSuspended(names);
        });
        // Whether what was under way may still end, is said elsewhere.
        await inside.catch(() => {});
      } else await suite.tenancy.tenants.suspend(suspended);
      await expectSuspended(names);
      if (gaps.transactions === undefined) await expectSuspended(() => transaction(async () => {}));
      await suite.tenancy.tenants.resume(suspended);
      expect(await suite.in(suspended, () => suite.owner())).toBe(`of ${suspended}`);
    });
  });
}
