import { describe, expect, it } from 'vitest';
import type { OrmGaps } from './fixture.js';
import type { OrmSuiteContext } from './suite-context.js';

/** Statements that live longer than one call: prepared ones and streams. */
export function describeOrmStatements(suite: OrmSuiteContext, gaps: OrmGaps): void {
  describe('a prepared statement', () => {
    it('answers from the tenant that asks, on whatever connection', async (context) => {
      const reason = gaps['prepared statements'];
      if (reason !== undefined) return context.skip(reason);
      for (let round = 0; round < 3; round++) {
        for (const tenant of suite.tenants) {
          const name = await suite.in(tenant, async () => suite.orm.prepared?.(1));
          expect(name).toBe(`of ${tenant}`);
        }
      }
      const asked = [...suite.tenants, ...suite.tenants];
      const answers = await Promise.all(
        asked.map((tenant) => suite.in(tenant, async () => suite.orm.prepared?.(1))),
      );
      expect(answers).toEqual(asked.map((tenant) => `of ${tenant}`));
    });
  });

  describe('a stream', () => {
    it("gives its tenant's rows while others are asked", async (context) => {
      const reason = gaps.streaming;
      if (reason !== undefined) return context.skip(reason);
      const [a, b] = suite.pair;
      const seen = await suite.in(a, async () => {
        const names: string[] = [];
        for await (const name of suite.orm.stream?.() ?? []) {
          names.push(name);
          const other = await suite.tenancy.run(b, () => suite.owner(), { switch: true });
          expect(other).toBe(`of ${b}`);
        }
        return names;
      });
      expect(seen).toEqual(await suite.namesOf(a));
      expect(seen[0]).toBe(`of ${a}`);
    });

    it('that is left early gives its connection back', async (context) => {
      const reason = gaps.streaming;
      if (reason !== undefined) return context.skip(reason);
      const [a, b] = suite.pair;
      await suite.in(a, async () => {
        for await (const name of suite.orm.stream?.() ?? []) {
          expect(name).toBe(`of ${a}`);
          break;
        }
      });
      expect(await suite.in(b, () => suite.owner())).toBe(`of ${b}`);
    });
  });
}
