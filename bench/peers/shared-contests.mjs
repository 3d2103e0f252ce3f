import { atLeast } from '../lib/verdict.mjs';
import { runContest } from '../routing/contest.mjs';
import { contestTable } from '../routing/contest-table.mjs';

const TENANTS = 500;
const CONNECTIONS = 8;

/** Tenants that share a PostgreSQL database. @type {readonly import('../routing/experiment.mjs').Experiment[]} */
export const shared = [
  contest({ isolation: 'schema', byHand: { name: 'qualified names', file: 'sides/qualified.mjs' } }),
  contest({ isolation: 'row', byHand: { name: 'a condition by hand', file: 'sides/shared-table.mjs' } }),
];

/**
 * One id, called like the isolation.
 *
 * @returns {import('../routing/experiment.mjs').Experiment}
 */
function contest({ isolation, byHand }) {
  const title = `PostgreSQL, ${TENANTS} tenants, Zipf, isolation ${isolation}, over HTTP`;
  const aim = atLeast(0.6);
  return {
    ...{ title, engine: 'postgres', tenants: TENANTS, aims: { [isolation]: aim } },
    async run(context) {
      const { address, database, fixed, catalog, server } = await context.fleets[isolation](TENANTS);
      const bare = {
        file: 'sides/fixed.mjs',
        config: { address, connections: CONNECTIONS, database: fixed },
        rowsOf: fixed,
      };
      const definition = {
        ...{ title, tenants: TENANTS, distribution: /** @type {const} */ ('zipf') },
        sides: {
          'one fixed database': bare,
          'one fixed database again': bare,
          [byHand.name]: { file: byHand.file, config: { address, connections: CONNECTIONS, database } },
          tenantry: {
            file: 'sides/tenantry.mjs',
            config: { catalog, server, isolation, connections: CONNECTIONS },
            warmEach: true,
          },
        },
        pair: /** @type {[string, string]} */ (['one fixed database', 'one fixed database again']),
        comparisons: [
          {
            ...{ id: isolation, of: 'tenantry', to: 'one fixed database', aim },
            metric: /** @type {const} */ ('rate'),
          },
        ],
      };
      const { samples, ratios, spread } = await runContest(context, definition);
      return { ratios, spread, table: contestTable(definition, samples, spread), raw: samples };
    },
  };
}
