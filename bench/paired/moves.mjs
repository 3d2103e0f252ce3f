// node bench/paired/moves.mjs: what a statement costs on MariaDB, on one connection, one after the other: by the same
// tenant as before, by another one in turn (each is a move, with a reset of all that a session holds), and by the bare
// driver with what it has for that. Blocks take turns; prints the ratios of their medians, as JSON.

import mysql from 'mysql2/promise';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { openServerGroup } from '../../test/servers/group.mjs';
import { startServers } from '../../test/servers/start.mjs';

const BLOCKS = 7;
const STATEMENTS = 150;
const SQL = 'SELECT 1 AS one';

const group = await openServerGroup();
try {
  const { mysql: server } = await startServers(group, ['mysql']);
  console.log(JSON.stringify(await measure(server?.tcpUrl ?? '')));
} finally {
  await group.close();
}

/** @param {string} url */
async function measure(url) {
  const catalog = Object.assign(new URL(url), { pathname: '/catalog' }).href;
  const tenancy = await createTenancy({
    catalog,
    servers: { main: { url, maxConnections: 2 } },
    setup: true,
    cache: { pollMs: 5000 },
    provision: { script: 'CREATE TABLE empty (id INT)' },
  });
  for (const name of ['a', 'b']) await tenancy.tenants.create({ name });
  const databases = await Promise.all(['a', 'b'].map((name) => databaseOf(tenancy.session(name))));
  const { hostname: host, port, username: user } = new URL(url);
  const bare = await mysql.createConnection({ host, port: Number(port), user, database: databases[0] });
  const other = (/** @type {number} */ index) => databases[index % 2] ?? '';
  const sides = {
    'same tenant': () => tenancy.session('a').query(SQL),
    'other tenant': (/** @type {number} */ index) => tenancy.session(index % 2 ? 'a' : 'b').query(SQL),
    bare: () => bare.query(SQL),
    'bare, changeUser': async (/** @type {number} */ index) => {
      await bare.changeUser({ database: other(index) });
      await bare.query(SQL);
    },
    'bare, reset and USE': async (/** @type {number} */ index) => {
      await bare.reset();
      await bare.query(`USE \`${other(index)}\``);
      await bare.query(SQL);
    },
  };
  const before = moves(tenancy);
  const micros = await inTurns(sides);
  const moved = moves(tenancy) - before;
  await bare.end();
  await tenancy.close();
  const ratio = (/** @type {string} */ one, /** @type {string} */ two) =>
    Math.round((100 * (micros[one] ?? 0)) / (micros[two] ?? 1)) / 100;
  return {
    micros,
    moved,
    'move / reuse': ratio('other tenant', 'same tenant'),
    'reuse / bare': ratio('same tenant', 'bare'),
    'move / bare changeUser': ratio('other tenant', 'bare, changeUser'),
    'move / bare reset and USE': ratio('other tenant', 'bare, reset and USE'),
  };
}

/** @param {import('../../packages/tenantry/dist/index.js').Tenancy} tenancy */
function moves(tenancy) {
  return tenancy.stats().servers.main?.totals.rebinds ?? 0;
}

/** @param {import('../../packages/tenantry/dist/index.js').Session} session */
async function databaseOf(session) {
  const [row] = await session.query('SELECT DATABASE() AS name');
  return String(Object.values(row ?? {})[0]);
}

/**
 * The median of the microseconds of each side's statements, in blocks that take turns.
 *
 * @param {Record<string, (index: number) => Promise<unknown>>} sides
 */
async function inTurns(sides) {
  /** @type {Record<string, number[]>} */
  const samples = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let block = -2; block < BLOCKS; block++) {
    for (const [name, run] of Object.entries(sides)) {
      const startedAt = performance.now();
      for (let index = 0; index < STATEMENTS; index++) await run(index);
      const micros = (1000 * (performance.now() - startedAt)) / STATEMENTS;
      if (block >= 0) samples[name]?.push(micros);
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, values]) => [name, Math.round(median(values))]),
  );
}

/** @param {number[]} values */
function median(values) {
  return values.sort((one, two) => one - two)[Math.floor(values.length / 2)] ?? 0;
}
