import { access } from 'node:fs/promises';
import { installPackages, whyNotInstall } from '../../test/servers/install.mjs';
import { atLeast } from '../lib/verdict.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runContest } from '../routing/contest.mjs';
import { contestTable } from '../routing/contest-table.mjs';

const CONNECTIONS = 8;
const WORKERS = 2;
const PACKAGES = ['python3-flask', 'python3-flask-sqlalchemy', 'python3-pymysql', 'gunicorn'];
const FLASK = "the article's Flask program";

/** The article's two tenants, asked by every peer. @type {readonly import('../routing/experiment.mjs').Experiment[]} */
export const flask = [
  contest({
    title: 'MariaDB, two tenants, connections kept alive',
    close: false,
    comparisons: [
      { id: 'flask-keepalive', of: 'tenantry', to: FLASK, metric: 'rate', aim: atLeast(10) },
      // Reported; there is nothing to aim at but to be no slower.
      { id: 'flask-orm', of: 'tenantry, Kysely', to: FLASK, metric: 'rate', aim: atLeast(1) },
    ],
  }),
  contest({
    title: 'MariaDB, two tenants, a connection for each request',
    close: true,
    comparisons: [{ id: 'flask-close', of: 'tenantry', to: FLASK, metric: 'rate', aim: atLeast(6) }],
  }),
];

/** @returns {import('../routing/experiment.mjs').Experiment} */
function contest({ title, close, comparisons }) {
  return {
    ...{ title, engine: 'mysql', tenants: 2 },
    aims: Object.fromEntries(comparisons.map(({ id, aim }) => [id, aim])),
    async run(context, wanted) {
      await installFlask(context.log);
      const fleet = await context.fleets.mysql(2);
      const definition = {
        ...{ title, tenants: 2, distribution: /** @type {const} */ ('uniform'), close },
        sides: close ? onlyFlask(sidesOf(fleet, false)) : sidesOf(fleet, true),
        comparisons: comparisons.filter(({ id }) => wanted.has(id)),
        pair: /** @type {[string, string]} */ (['a Map of pools', 'a Map of pools again']),
      };
      const { samples, ratios, spread } = await runContest(context, definition);
      return { ratios, spread, table: contestTable(definition, samples, spread), raw: samples };
    },
  };
}

/** @returns {Record<string, import('../routing/contest.mjs').Side>} */
function sidesOf({ address, catalog, server }, keepAlive) {
  const ours = { catalog, server, connections: CONNECTIONS };
  const perTenant = { address, perTenant: CONNECTIONS / 2 };
  const database = tenantName(1);
  const map = { file: 'sides/map.mjs', config: perTenant };
  return {
    'a Map of pools': map,
    'a Map of pools again': map,
    'one fixed database': {
      file: 'sides/fixed.mjs',
      config: { address, connections: CONNECTIONS, database },
      rowsOf: database,
    },
    tenantry: { file: 'sides/tenantry.mjs', config: ours },
    'tenantry, Kysely': { file: 'sides/kysely-ambient.mjs', config: ours },
    'Knex per tenant': { file: 'sides/knex-per-tenant.mjs', config: perTenant },
    'TypeORM per tenant': { file: 'sides/typeorm-per-tenant.mjs', config: perTenant },
    [FLASK]: { file: 'peers/flask.mjs', config: { address, workers: WORKERS, keepAlive }, warmEach: true },
  };
}

/** What a connection for each request costs is the server's business, not the query builder's. */
function onlyFlask(sides) {
  for (const name of ['tenantry, Kysely', 'Knex per tenant', 'TypeORM per tenant']) delete sides[name];
  return sides;
}

async function installFlask(log) {
  const missing = await access('/usr/lib/python3/dist-packages/flask_sqlalchemy').catch(() => 'missing');
  if (missing === undefined) return;
  const why = whyNotInstall();
  if (why !== undefined) throw new Error(`The Flask peer needs ${PACKAGES.join(', ')}; ${why}.`);
  log('installing Flask');
  await installPackages(PACKAGES);
}
