import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadDialect } from './dialects/index.mjs';
import { now } from './hunter/journal.mjs';
import { Court } from './judges/court.mjs';
import { FROZEN_MS } from './judges/timeline.mjs';
import { Random } from './random.mjs';
import { LIBRARY } from './reserve.mjs';

/** @typedef {import('./contracts/hunt.js').HuntOptions} HuntOptions */
/** @typedef {import('./contracts/hunt.js').Order} Order */
/** @typedef {import('./contracts/hunt.js').Report} Report */
/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

const HUNTER = fileURLToPath(new URL('hunter/main.mjs', import.meta.url));
/** Generous, because the machine may be busy. `round`: operations between two judgements. */
const PATIENCE = { round: 2000, deadlineMs: 300_000, acquireMs: 20_000 };
/** A mutant may block its process: that shall not take so long to be seen. Calls wait as long as elsewhere, so that none is caught by a busy machine. */
const PATIENCE_WITH_MUTANTS = { ...PATIENCE, round: 400, deadlineMs: 120_000 };
const SAMPLE_MS = 150;
const KILLS_PER_SAMPLE = 0.5;
/** By what was done, not by the clock alone: else a session on a busy machine is gone before anybody meets what it was left with. */
const OPERATIONS_PER_KILL = 40;
/** Of them, the part that hits a statement under way, where there is one. */
const KILLS_IN_USE = 0.6;
const GONE_MS = 10_000;
const READ_ONLY_EVERY_MS = 4000;
const FROZEN_EVERY_MS = 15_000;

/**
 * @typedef {object} HuntSetup
 * @property {HuntOptions} options
 * @property {import('./contracts/field.js').Field} field
 * @property {import('./reserve.mjs').Reserve} reserve
 * @property {readonly string[]} traceFiles one for each process
 * @property {import('../servers/group.mjs').ServerGroup} group
 * @property {string} [dist] another library than the one that was built
 * @property {boolean} [untilCaught] stop at the first thing that is wrong
 * @property {(text: string) => void} log
 */

/** One hunt: hunters that do random things, round by round, and a court that judges what came of each round. */
export class Hunt {
  court;
  kills = 0;
  /** The most sessions that the server ever counted. */
  maxSessions = 0;
  /** Connections that were still in use when nothing was under way, or still at the server after the end. */
  leased = 0;
  rebinds = 0;
  #setup;
  #patience;
  /** @type {ChildProcess[]} */
  #hunters = [];
  /** What each hunter has done. */
  /** @type {import('./contracts/hunt.js').Totals[]} */
  #totals;
  /** Called with each report, and with nothing when something is wrong. */
  /** @type {(report?: Report) => void} */
  #onReport = () => {};
  #lost = 0;

  /** @param {HuntSetup} setup */
  constructor(setup) {
    this.#setup = setup;
    this.#patience = setup.untilCaught ? PATIENCE_WITH_MUTANTS : PATIENCE;
    this.#totals = Array.from({ length: setup.options.processes }, () => ({ operations: 0, aborts: 0 }));
    this.court = new Court(setup.field, setup.reserve, () => this.#onReport());
  }

  /** What all hunters have done. */
  get totals() {
    return this.#totals.reduce(
      (sum, { operations, aborts }) => ({
        operations: sum.operations + operations,
        aborts: sum.aborts + aborts,
      }),
      { operations: 0, aborts: 0 },
    );
  }

  /** Every database of this hunt. */
  get places() {
    return [...new Set([...this.#setup.reserve.places, ...this.court.timeline.allPlaces().keys()])];
  }

  get isCaught() {
    return this.court.isCaught || this.leased > 0;
  }

  async run() {
    const { options, field, untilCaught = false } = this.#setup;
    // What somebody else's hunt has left in the log.
    await field.log();
    try {
      await this.#start();
      const sampler = new AbortController();
      const sampling = Promise.all([
        this.#sample(sampler.signal),
        this.#refuseWrites(sampler.signal),
        this.#freeze(sampler.signal),
      ]);
      const { round } = this.#patience;
      for (let left = options.operations; left > 0 && !this.#isOver(); left -= round) {
        const share = Math.ceil(Math.min(left, round) / options.processes);
        await this.#everybody('round-done', () => ({ type: 'round', operations: share }));
        await this.court.judge();
        this.#setup.log(this.#progress());
      }
      sampler.abort();
      await sampling;
      if (!untilCaught || !this.isCaught) await this.#finish();
    } finally {
      for (const hunter of this.#hunters) hunter.kill('SIGKILL');
    }
  }

  async #start() {
    const { options, field, reserve, traceFiles, group, dist = LIBRARY } = this.#setup;
    const { engine, isolation, processes, seed, connections } = options;
    const { acquireMs } = this.#patience;
    const { script } = await loadDialect(options);
    for (let index = 0; index < processes; index++) {
      // Where there are two drivers for an engine, both are hunted, on the same files.
      const TENANTRY_SQLITE_DRIVER =
        process.env.TENANTRY_SQLITE_DRIVER ?? (index % 2 === 1 ? 'libsql' : undefined);
      const hunter = fork(HUNTER, {
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, ...(TENANTRY_SQLITE_DRIVER && { TENANTRY_SQLITE_DRIVER }) },
      });
      group.adopt(hunter);
      hunter.on('message', (message) => this.#hear(/** @type {Report} */ (message), index));
      hunter.on('exit', (code) => this.#ended(code));
      // One that has ended hears nothing any more; `exit` tells.
      hunter.on('error', () => {});
      this.#hunters.push(hunter);
    }
    await this.#everybody('ready', (index) => ({
      type: 'start',
      config: {
        ...{ engine, isolation, process: index, seed, connections, acquireMs, dist, tools: LIBRARY, script },
        ...{ url: reserve.url, hasNetwork: field.hasNetwork, catalog: reserve.catalog },
        ...{
          prey: reserve.prey,
          impostors: reserve.impostors,
          hostages: reserve.hostages.map(({ name }) => name),
          traceFile: traceFiles[index] ?? '',
        },
        dice: reserve.dice,
      },
    }));
  }

  async #finish() {
    const { field } = this.#setup;
    await this.#everybody('finished', () => ({ type: 'finish' }));
    for (const hunter of this.#hunters) if (hunter.exitCode === null) await once(hunter, 'exit');
    // What the library closed is gone at the server too, a moment later.
    const places = new Set(this.places);
    const giveUpAt = now() + GONE_MS;
    while ((await field.sessions(places)).length > 0 && now() < giveUpAt) await sleep(50);
    this.leased += (await field.sessions(places)).length;
  }

  /**
   * Samples the sessions at the server, and ends some of them.
   *
   * @param {AbortSignal} signal
   */
  async #sample(signal) {
    const { field, reserve, options } = this.#setup;
    const random = new Random(options.seed, 77);
    let killedAt = 0;
    while (field.hasNetwork && !signal.aborted) {
      const places = this.court.timeline.allPlaces();
      const sessions = await field.sessions(new Set([...places.keys(), ...reserve.places]));
      this.maxSessions = Math.max(this.maxSessions, sessions.length);
      const victims = sessions.filter(({ place }) => places.has(place) || place === reserve.home);
      const done = this.totals.operations;
      const isDue = done - killedAt >= OPERATIONS_PER_KILL && random.chance(KILLS_PER_SAMPLE);
      if (victims.length > 0 && isDue) {
        killedAt = done;
        const busy = victims.filter((victim) => victim.busy);
        const { id, place } = random.pick(busy.length > 0 && random.chance(KILLS_IN_USE) ? busy : victims);
        const from = now();
        await field.kill(id);
        this.kills++;
        this.court.killed({ session: id, place, from, until: now() });
      }
      await sleep(SAMPLE_MS, undefined, { signal }).catch(() => {});
    }
  }

  /**
   * Has the server take no writes for a moment, again and again.
   *
   * @param {AbortSignal} signal
   */
  async #refuseWrites(signal) {
    const { field, options } = this.#setup;
    const random = new Random(options.seed, 78);
    while (field.setReadOnly !== undefined && !signal.aborted) {
      await sleep(random.integer(500, READ_ONLY_EVERY_MS), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const from = now();
      if (await field.setReadOnly(true)) await sleep(random.integer(20, 250));
      while (!(await field.setReadOnly(false))) await sleep(1);
      this.court.tookNoWrites({ from, until: now() });
    }
  }

  /**
   * Stops one process for a while, in which the others change tenants.
   *
   * @param {AbortSignal} signal
   */
  async #freeze(signal) {
    const random = new Random(this.#setup.options.seed, 79);
    while (this.#hunters.length > 1 && !signal.aborted) {
      await sleep(random.integer(1000, FROZEN_EVERY_MS), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const hunter = random.pick(this.#hunters);
      const from = now();
      hunter.kill('SIGSTOP');
      await sleep(FROZEN_MS);
      hunter.kill('SIGCONT');
      this.court.froze({ from, until: now() });
    }
  }

  /**
   * Gives every hunter an order and waits until all have reported.
   *
   * @param {Report['type']} type
   * @param {(index: number) => Order} order
   */
  async #everybody(type, order) {
    const { deadlineMs } = this.#patience;
    let left = this.#hunters.length;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    await new Promise((resolve) => {
      this.#onReport = (report) => {
        if (report?.type === type) left--;
        if (left === 0 || this.#isOver()) resolve(undefined);
      };
      timer = setTimeout(() => {
        this.court.surprise(`the hunters were not ${type} within ${deadlineMs} ms`);
        resolve(undefined);
      }, deadlineMs);
      for (const [index, hunter] of this.#hunters.entries()) send(hunter, order(index));
    });
    clearTimeout(timer);
    this.#onReport = () => {};
  }

  /** Whether there is nothing more to learn. */
  #isOver() {
    return this.#lost > 0 || (this.#setup.untilCaught === true && this.isCaught);
  }

  /**
   * @param {Report} report
   * @param {number} index
   */
  #hear(report, index) {
    if (report.type === 'notes') {
      this.#totals[index] = report.totals;
      for (const note of report.notes) {
        this.court.hear(note);
        if (note.kind === 'surprise' && note.isStuck) void this.#tellActivity(note.text);
        if (note.kind !== 'began' && note.kind !== 'ended') continue;
        for (const [other, hunter] of this.#hunters.entries()) {
          if (other !== index) send(hunter, { type: 'news', change: note.change });
        }
      }
    } else if (report.type === 'finished') {
      this.leased += report.leased;
      this.rebinds += report.rebinds;
      if (!this.#setup.field.hasNetwork) this.maxSessions += report.handlesPeak;
    }
    this.#onReport(report);
  }

  /** @param {number | null} code */
  #ended(code) {
    if (code === 0) return;
    this.#lost++;
    this.court.surprise(`a hunter ended with ${code}`);
  }

  /**
   * What the server does while a call of ours is not answered.
   *
   * @param {string} text what is known of the call
   */
  async #tellActivity(text) {
    const { field, log } = this.#setup;
    const lines = await field.activity().catch((error) => [String(error)]);
    log(`${text}\n  The server is at:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  }

  #progress() {
    const { counts, found, statementsInLog } = this.court;
    return (
      `${this.totals.operations} operations: ${counts.answers} replies judged, ${statementsInLog} statements in the log, ` +
      `${counts.failures} errors, ${this.kills} kills; found ${found.rows} in the rows, ${found.log} in the log, ` +
      `${counts.unexplained} errors unexplained, ${counts.missing} missing in the log`
    );
  }
}

/**
 * @param {ChildProcess} hunter
 * @param {Order} order
 */
function send(hunter, order) {
  if (hunter.connected) hunter.send(order);
}
