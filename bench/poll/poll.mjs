import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../lib/child.mjs';
import { meanOf, spreadOf } from '../lib/statistics.mjs';
import { percent, short, table } from '../lib/table.mjs';
import { serverCpu } from './server-cpu.mjs';

const ENGINES = { mysql: 'MariaDB', postgres: 'PostgreSQL', sqlite: 'SQLite' };
const DEFAULT_POLL_MS = 250;
/** A poll that comes alone wakes processes and finds cold caches; one in a loop does not. */
const PACES = { alone: { everyMs: 5, share: 1 }, 'back to back': { everyMs: 0, share: 10 } };

/**
 * Measures what one poll of the catalog's revision costs the database server and the process that asks.
 *
 * @param {import('../routing/experiment.mjs').Context} context
 * @param {{ engines: readonly string[] }} selection
 */
export async function run(context, { engines }) {
  const raw = [];
  for (const engine of engines) {
    const { catalog, pid } = await context.fleets[engine](10);
    const child = await startChild(context.group, 'poll/ask.mjs', { engine, catalog });
    try {
      for (const [pace, { everyMs, share }] of Object.entries(PACES)) {
        context.log(`${ENGINES[engine]}: polls ${pace}`);
        const count = (context.quick ? 200 : 400) * share;
        raw.push({ engine, pace, count, ...(await measure(context, child, pid, { count, everyMs })) });
      }
    } finally {
      await child.stop();
    }
  }
  console.log(`\n${pollTable(raw)}\n`);
  const aaSpread = Math.max(...raw.map(({ spread }) => spread));
  return { aaSpread, ratios: [], raw, measured: true };
}

async function measure({ rounds }, child, pid, { count, everyMs }) {
  const server = [];
  const client = [];
  const latency = [];
  for (let round = 0; round < rounds * 2; round++) {
    const idle = pid === undefined ? 0 : await idleShare(pid);
    const before = pid === undefined ? 0 : serverCpu(pid);
    const { cpu, elapsedMs } = await child.ask('poll', { count, everyMs });
    const used = pid === undefined ? 0 : serverCpu(pid) - before - idle * elapsedMs;
    server.push(Math.max(0, used) / count);
    client.push(cpu / count);
    latency.push((elapsedMs * 1000) / count);
  }
  const even = (_, round) => round % 2 === 0;
  const odd = (_, round) => round % 2 === 1;
  return { server, client, latency, spread: spreadOf(client.filter(even), client.filter(odd)) };
}

/** Microseconds of CPU that the server uses in a millisecond when nobody asks. */
async function idleShare(pid) {
  const before = serverCpu(pid);
  await sleep(500);
  return (serverCpu(pid) - before) / 500;
}

function pollTable(raw) {
  const rows = raw.map(({ engine, pace, server, client, latency, spread }) => {
    const [serverCost, clientCost] = [server, client].map((samples) => meanOf(samples).value);
    return [
      `${ENGINES[engine]}, ${pace}`,
      engine === 'sqlite' ? '-' : short(serverCost),
      short(clientCost),
      pace === 'alone' ? '-' : short(meanOf(latency).value),
      `${short(((serverCost + clientCost) * (1000 / DEFAULT_POLL_MS)) / 1e4)} %`,
      percent(spread),
    ];
  });
  const head = ['catalog', 'server µs CPU', 'process µs CPU', 'µs until answered'];
  return table([...head, 'of a core, every 250 ms', 'A/A spread'], rows);
}
