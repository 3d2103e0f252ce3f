import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { forEachEngine } from '../helpers/engines.js';
import { runLeaks } from './command.js';

/** About ten seconds on a quiet machine; a busy one may take its time. */
const PATIENCE_MS = 400_000;

const SMALL = ['--tenants', '12', '--connections', '6'];

/** Two leaks for each engine that do not wait for a rare moment. */
const MUTANTS: Readonly<Record<EngineName, readonly [string, string]>> = {
  mysql: ['moves-without-a-reset', 'answers-equal-statements-together'],
  postgres: ['keys-connections-by-server', 'follows-the-last-context'],
  sqlite: ['shares-prepared-statements', 'keys-connections-by-server'],
};

/** The built library: `npm run build` comes first. */
forEachEngine((engine) => {
  describe('a short hunt for leaks', () => {
    it('finds none', { timeout: PATIENCE_MS }, async () => {
      const { code, output, result } = await runLeaks(engine, ...SMALL, '--operations', '900');
      expect(result, output).toMatchObject({
        ...{ engine: engine.name, crossTenant: 0, unexplainedErrors: 0, leasedAtEnd: 0 },
        ...{ operations: 900, aborts: expect.toSatisfy((aborts) => aborts > 0) },
        statementsInLog: expect.toSatisfy((statements) => statements > 600),
      });
      expect(code, output).toBe(0);
    });

    if (engine.name === 'postgres') {
      it.each(['schema', 'row'])(
        'finds none with isolation %s',
        { timeout: PATIENCE_MS },
        async (isolation) => {
          const size = [...SMALL, '--operations', '400', '--isolation', isolation];
          const { code, output, result } = await runLeaks(engine, ...size);
          expect(result, output).toMatchObject({
            isolation,
            crossTenant: 0,
            unexplainedErrors: 0,
            leasedAtEnd: 0,
          });
          expect(code, output).toBe(0);
        },
      );
    }

    it('finds leaks that were put in on purpose', { timeout: PATIENCE_MS }, async () => {
      const mutants = MUTANTS[engine.name];
      const { code, output, result } = await runLeaks(
        engine,
        ...mutants.flatMap((name) => ['--mutant', name]),
      );
      expect(result, output).toEqual({ mutants: 2, caught: 2, survived: [] });
      expect(code, output).toBe(0);
    });
  });
});
