import { setTimeout as sleep } from 'node:timers/promises';
import { loadDialect } from '../dialects/index.mjs';
import { FROZEN_MS } from '../judges/timeline.mjs';
import { Random } from '../random.mjs';
import { changeTenant, look, watchOver } from './changes.mjs';
import { deadlock, endInside } from './endings.mjs';
import { inspectReleased } from './kept-clients.mjs';
import { relayLate } from './late-replies.mjs';
import { mirror } from './mirrors.mjs';
import { openAmbientPool } from './pools.mjs';
import {
  readAmbient,
  readBesideAborts,
  readBound,
  readBurst,
  readByPool,
  readCold,
  readKept,
} from './reads.mjs';
import { handles, traceSqlite } from './sqlite-trace.mjs';
import { askByReference, askForNobody, leaveBehind, lookForLeftovers, resumeHostage } from './strangers.mjs';
import { delay, Weather } from './weather.mjs';
import { World } from './world.mjs';
import { loseCommit, transact, transactUnawaited, useEndedHandle, write } from './writes.mjs';

/** @typedef {import('../contracts/hunt.js').HunterConfig} HunterConfig */
/** @typedef {import('./journal.mjs').Journal} Journal */
/** @typedef {import('../../../packages/tenantry/src/testing/tcp-proxy.js').TcpProxy} TcpProxy */

const OPERATIONS = [
  { weight: 18, run: readCold },
  { weight: 12, run: readBound },
  { weight: 10, run: readAmbient },
  { weight: 12, run: readByPool },
  { weight: 6, run: readKept },
  { weight: 3, run: readBurst },
  { weight: 3, run: readBesideAborts },
  { weight: 9, run: write },
  { weight: 14, run: transact },
  { weight: 2, run: loseCommit },
  { weight: 6, run: transactUnawaited },
  { weight: 5, run: useEndedHandle },
  { weight: 3, run: endInside },
  { weight: 2, run: deadlock },
  { weight: 4, run: mirror },
  { weight: 3, run: inspectReleased },
  { weight: 14, run: leaveBehind },
  { weight: 8, run: lookForLeftovers },
  { weight: 4, run: askForNobody },
  { weight: 3, run: askByReference },
  { weight: 1, run: resumeHostage },
  // Several changes one after the other, with all who look at them.
  { weight: 3, run: changeTenant, patience: 4 },
];

/** Callers at once, for each connection. */
const CALLERS = 3;
/** No call may take so long, whatever is done to it. */
const STUCK_MS = 45_000;
/** How long a change of another process is looked at. */
const WATCH_MS = 60;
const SETTLE_MS = 10_000;
/** Oftener than any poll, so that whoever stood still asks before the poll has heard what was missed. */
const BEAT_MS = 10;
/** Generous, because the machine may be busy: what runs into one of these is stuck. */
const TIMEOUTS = { connectMs: 20_000, queryMs: 30_000, transactionMs: 40_000, catalogMs: 20_000 };

/** One process that hunts. */
export class Hunter {
  #left = 0;
  /** Looks at changes of other processes that are under way. */
  /** @type {Set<Promise<void>>} */
  #watches = new Set();

  /**
   * @param {HunterConfig} config
   * @param {Journal} journal
   * @param {Random} random
   */
  static async open(config, journal, random) {
    if (config.engine === 'sqlite') traceSqlite(config.traceFile, config.process);
    const { hostname: host, port } = config.hasNetwork ? new URL(config.url) : { hostname: '', port: '' };
    const target = { host, port: Number(port) };
    const proxy = config.hasNetwork ? await openProxy(config, target) : undefined;
    // Look-ups are late as well, so that answers overtake each other; but they are never cut.
    const relay = config.hasNetwork ? await relayLate(target, random) : undefined;
    // One may be kept for cancelling, and nested calls need two.
    const far = Math.max(3, Math.floor(config.connections / 3));
    const { url, isolation, connections } = config;
    const servers =
      proxy === undefined
        ? { main: { url, isolation, maxConnections: connections } }
        : {
            main: { url, isolation, maxConnections: connections - far },
            far: { url: onPort(url, proxy.port), isolation, maxConnections: far },
          };
    /** @type {typeof import('../../../packages/tenantry/src/index.js')} */
    const { createTenancy } = await import(`${config.dist}index.js`);
    const tenancy = await createTenancy({
      catalog: relay === undefined ? config.catalog : onPort(config.catalog, relay.port),
      servers,
      provision: { script: config.script },
      timeouts: { ...TIMEOUTS, acquireMs: config.acquireMs },
      // Every second process keeps few routes, so that it asks for them all the time, and hears of changes sooner.
      cache:
        config.process % 2 === 0
          ? { maxRoutes: Math.ceil(config.prey.length * 0.3), ttlMs: 1000, pollMs: 40 }
          : {},
    });
    const pool = await openAmbientPool(config, tenancy);
    const world = new World(config, tenancy, await loadDialect(config), journal, pool);
    if (proxy !== undefined) delay(proxy, random);
    const weather = proxy && new Weather(proxy, random, journal, config.process);
    world.weather = weather;
    const closers = [proxy, relay].filter((closer) => closer !== undefined);
    return new Hunter(config, world, journal, closers, weather);
  }

  /**
   * @param {HunterConfig} config
   * @param {World} world
   * @param {Journal} journal
   * @param {readonly { close(): Promise<void> }[]} closers what is between the library and its servers
   * @param {Weather | undefined} weather
   */
  constructor(config, world, journal, closers, weather) {
    this.config = config;
    this.world = world;
    this.journal = journal;
    this.random = new Random(config.seed, config.process, 0);
    this.closers = closers;
    this.weather = weather;
    this.callers = Array.from(
      { length: CALLERS * config.connections },
      (_, caller) => new Random(config.seed, config.process, caller + 1),
    );
  }

  /**
   * Does this many operations and waits for all of them.
   *
   * @param {number} operations
   */
  async round(operations) {
    this.#left = operations;
    this.weather?.start();
    const beating = this.#lookWhenWaking();
    await Promise.all(this.callers.map((random) => this.#hunt(random)));
    clearInterval(beating);
    await Promise.all(this.#watches);
    this.weather?.stop();
    this.journal.flush();
    this.journal.send({ type: 'round-done' });
  }

  /**
   * Another process changes a tenant, or has changed it.
   *
   * @param {import('../contracts/notes.js').Change} change
   */
  hear({ name, state, endedAt }) {
    if (state !== undefined) this.world.learn(name, state);
    if (endedAt !== undefined || this.#left === 0) return;
    this.#watch(watchOver(this.world, this.random, name, sleep(WATCH_MS)));
  }

  /** @param {Promise<unknown>} looking */
  #watch(looking) {
    const watch = looking.then(() => {
      this.#watches.delete(watch);
    });
    this.#watches.add(watch);
  }

  /** Whenever this process stood still, it asks for every tenant at once. */
  #lookWhenWaking() {
    let beatAt = performance.now();
    return setInterval(() => {
      const silentMs = performance.now() - beatAt;
      beatAt = performance.now();
      if (silentMs < FROZEN_MS / 2) return;
      for (const name of this.world.names) this.#watch(look(this.world, this.random, name));
    }, BEAT_MS);
  }

  /** Says what is still in use when nothing is under way any more, and closes. */
  async finish() {
    const { world, journal } = this;
    const giveUpAt = performance.now() + SETTLE_MS;
    let leased = await world.leased();
    while (leased > 0 && performance.now() < giveUpAt) {
      await sleep(20);
      leased = await world.leased();
    }
    const rebinds = rebindsOf(world.tenancy);
    await world.tenancy.close();
    await Promise.all(this.closers.map((closer) => closer.close()));
    journal.flush();
    journal.send({ type: 'finished', leased, rebinds, handlesPeak: handles.peak });
  }

  /** @param {Random} random */
  async #hunt(random) {
    const { underWay, tenancy } = this.world;
    while (this.#left > 0) {
      this.#left--;
      this.journal.totals.operations++;
      const { run, patience = 1 } = random.weighted(OPERATIONS);
      const stuckMs = STUCK_MS * patience;
      let timer;
      const stuck = new Promise((resolve) => {
        timer = setTimeout(() => resolve('stuck'), stuckMs);
      });
      if ((await Promise.race([run(this.world, random), stuck])) === 'stuck') {
        const text = `${run.name} was not done within ${stuckMs} ms; under way are\n${underWay.tell(tenancy)}`;
        this.journal.add({ kind: 'surprise', text, isStuck: true });
      }
      clearTimeout(timer);
    }
  }
}

/**
 * How often connections changed their tenant, where the library counts it.
 *
 * @param {object} tenancy
 * @returns {number}
 */
function rebindsOf(tenancy) {
  const { stats } = /** @type {{ stats?: () => unknown }} */ (tenancy);
  if (typeof stats !== 'function') return 0;
  const { servers } = /** @type {{ servers?: Record<string, { totals?: { rebinds?: number } }> }} */ (
    stats.call(tenancy)
  );
  return Object.values(servers ?? {}).reduce((sum, { totals }) => sum + (totals?.rebinds ?? 0), 0);
}

/**
 * @param {HunterConfig} config
 * @param {{ host: string, port: number }} target
 * @returns {Promise<TcpProxy>}
 */
async function openProxy({ tools }, target) {
  /** @type {typeof import('../../../packages/tenantry/src/testing/tcp-proxy.js')} */
  const { TcpProxy } = await import(`${tools}testing/tcp-proxy.js`);
  return TcpProxy.open(target);
}

/**
 * @param {string} url
 * @param {number} port
 */
function onPort(url, port) {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
