// A process whose tenants ask in an open loop, alone or beside one that has 500 slow statements under way.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';

const SLOW_STATEMENTS = 500;
const EVERY_MS = 2;

const { catalog, server, connections, tenants, slow } = readConfig();
const servers = { main: { url: server, maxConnections: connections } };
const timeouts = { queryMs: 300_000, acquireMs: 300_000 };
const tenancy = await createTenancy({ catalog, servers, timeouts });
const [noisy, ...others] = Array.from({ length: tenants }, (_, index) => tenantName(index + 1));
await tenancy.warmUp(others);

answerParent({ measure });

/** Latencies of the others in milliseconds, from when each was due, so that none hides behind a late one. */
async function measure({ seconds, noise }) {
  const controller = new AbortController();
  const slowOnes = noise ? Array.from({ length: SLOW_STATEMENTS }, () => keepAsking(controller.signal)) : [];
  const calls = [];
  const startedAt = performance.now();
  const count = (seconds * 1000) / EVERY_MS;
  for (let due = 0; due < count; ) {
    for (; due < count && startedAt + due * EVERY_MS <= performance.now(); due++) calls.push(ask(due));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  async function ask(number) {
    const dueAt = startedAt + number * EVERY_MS;
    await tenancy.session(others[number % others.length]).query(USERS);
    return performance.now() - dueAt;
  }
  const latencies = (await Promise.all(calls)).sort((one, other) => one - other);
  controller.abort();
  await Promise.all(slowOnes);
  const quantile = (share) => latencies[Math.floor(latencies.length * share)];
  return { calls: latencies.length, p50: quantile(0.5), p99: quantile(0.99) };
}

/** Asks for what is slow, again and again, until it may not any more. */
async function keepAsking(signal) {
  while (!signal.aborted) await tenancy.session(noisy).query(slow);
}
