import { now } from './journal.mjs';

/** @typedef {import('../../../packages/tenantry/src/index.js').Tenancy} Tenancy */

/** Calls that are younger wait as everybody does. */
const LONG_MS = 1000;
const MOST_TOLD = 12;

/** What one call waits for by now. */
class Wait {
  since = now();
  step = 'nothing yet';

  /** @param {string} what */
  constructor(what) {
    this.what = what;
    this.begunAt = now();
  }

  /** @param {string} step */
  for(step) {
    this.step = step;
    this.since = now();
  }
}

/** What the calls of a process wait for, so that one that is not answered can be told with those before it. */
export class UnderWay {
  /** @type {Set<Wait>} */
  #waits = new Set();

  /** @param {string} what */
  begin(what) {
    const wait = new Wait(what);
    this.#waits.add(wait);
    return wait;
  }

  /** @param {Wait} wait */
  end(wait) {
    this.#waits.delete(wait);
  }

  /**
   * The calls that have waited longest, and the pools, in words.
   *
   * @param {Tenancy} tenancy
   */
  tell(tenancy) {
    const at = now();
    const waits = [...this.#waits]
      .filter(({ begunAt }) => at - begunAt > LONG_MS)
      .sort((one, other) => one.begunAt - other.begunAt)
      .slice(0, MOST_TOLD)
      .map(({ what, step, begunAt, since }) => {
        return `  ${what}, for ${Math.round(at - begunAt)} ms; for ${Math.round(at - since)} ms it waits for ${step}`;
      });
    const pools = Object.entries(tenancy.stats().servers).map(
      ([name, { inUse, idle, connecting, closing, waiting, maxConnections, unreachable }]) =>
        `  ${name}: of ${maxConnections} ${inUse} in use, ${idle} idle, ${connecting} connecting, ${closing} closing; ` +
        `${waiting} waiting${unreachable ? '; out of reach' : ''}`,
    );
    return [...waits, ...pools].join('\n');
  }
}
