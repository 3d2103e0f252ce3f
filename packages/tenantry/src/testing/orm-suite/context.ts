import { describe, expect, it } from 'vitest';
import { hasCode, type OrmSuiteContext } from './suite-context.js';

/** Each call goes to the tenant of the context at the call, whatever else goes on. */
export function describeContext(suite: OrmSuiteContext): void {
  describe('one instance', () => {
    it('answers 50 parallel requests over ten tenants, each with its own rows', async () => {
      const asked = Array.from({ length: 50 }, (_, index) => suite.tenants[index % 10] ?? '');
      const answers = await Promise.all(asked.map((tenant) => suite.in(tenant, () => suite.owner())));
      expect(answers).toEqual(asked.map((tenant) => `of ${tenant}`));
    });

    it('keeps two tenants apart that ask in one tick', async () => {
      const [a, b] = suite.pair;
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all([
          suite.in(a, () => suite.orm.names()),
          suite.in(b, () => suite.orm.names()),
          suite.in(a, () => suite.orm.names()),
        ]);
        expect(answers.map(([first]) => first)).toEqual([`of ${a}`, `of ${b}`, `of ${a}`]);
      }
    });

    it('keeps tenants apart that one shared promise resumes', async () => {
      for (let round = 0; round < 5; round++) {
        let resume: () => void = () => {};
        const shared = new Promise<void>((resolve) => {
          resume = resolve;
        });
        const answers = suite.tenants.map((tenant) =>
          suite.in(tenant, async () => {
            await shared;
            return suite.owner();
          }),
        );
        resume();
        expect(await Promise.all(answers)).toEqual(suite.tenants.map((tenant) => `of ${tenant}`));
      }
    });

    it('writes into the tenant that asked, also where two write in one tick', async () => {
      const [a, b] = suite.pair;
      const id = suite.newId();
      await Promise.all([
        suite.in(a, () => suite.orm.add(id, `written by ${a}`)),
        suite.in(b, () => suite.orm.add(id, `written by ${b}`)),
      ]);
      expect(await suite.namesOf(a)).toContain(`written by ${a}`);
      expect(await suite.namesOf(b)).toContain(`written by ${b}`);
      expect(await suite.namesOf(b)).not.toContain(`written by ${a}`);
    });

    it('runs a lazy query inside the context that it is returned from', async () => {
      const [a, b] = suite.pair;
      const answer = await suite.in(b, () => suite.tenancy.run(a, () => suite.orm.names(), { switch: true }));
      expect(answer[0]).toBe(`of ${a}`);
    });

    it('never takes the last tenant for a query that is awaited outside of every context', async () => {
      const [a] = suite.pair;
      let query: PromiseLike<string[]> = Promise.resolve([]);
      await suite.in(a, async () => {
        query = suite.orm.names();
      });
      const outcome = await Promise.resolve(query).then(
        ([first]) => first,
        (error: unknown) => (hasCode(error, 'TENANTRY_NO_TENANT') ? 'no tenant' : error),
      );
      // Begun inside if the ORM is eager, and then the tenant's; else refused.
      expect([`of ${a}`, 'no tenant']).toContain(outcome);
    });

    it('never gives or writes what is another’s by a query that was made in one tenant and is awaited in another', async () => {
      const [a, b] = suite.pair;
      const id = suite.newId();
      const made = await suite.in(a, async () => ({
        names: suite.orm.names(),
        added: suite.orm.add(id, `made in ${a}`),
      }));
      const outcome = async (query: PromiseLike<unknown>) =>
        Promise.resolve(query).then(
          (answer) => (Array.isArray(answer) ? answer[0] : 'done'),
          (error: unknown) => (hasCode(error, 'TENANTRY_TENANT_SWITCH') ? 'refused' : error),
        );
      const read = await suite.in(b, () => outcome(made.names));
      expect([`of ${a}`, 'refused']).toContain(read);
      await suite.in(b, () => outcome(made.added));
      expect(await suite.namesOf(b)).not.toContain(`made in ${a}`);
    });

    it('refuses to run without a tenant', async () => {
      const outcome = await suite.owner().then(
        () => 'answered',
        (error: unknown) => (hasCode(error, 'TENANTRY_NO_TENANT') ? 'no tenant' : error),
      );
      expect(outcome).toBe('no tenant');
    });

    it('answers rightly after requests that went away without waiting', async () => {
      const [a, b] = suite.pair;
      const left: Promise<unknown>[] = [];
      for (let round = 0; round < 20; round++) {
        await suite
          .in(a, async () => {
            left.push(Promise.resolve(suite.orm.names()).catch(() => {}));
            throw new Error('gone');
          })
          .catch(() => {});
        expect(await suite.in(b, () => suite.owner())).toBe(`of ${b}`);
      }
      await Promise.all(left);
    });
  });
}
