import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './journal.mjs';

/** @typedef {import('../../../packages/tenantry/src/testing/tcp-proxy.js').TcpProxy} TcpProxy */
/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./journal.mjs').Journal} Journal */

const SHORTEST_MS = 0.3;
const QUICK_MS = 1.5;
const LONGEST_MS = 50;
const SLOW_SHARE = 0.02;
/** Of what is held, the part that never goes on. */
const LOST_SHARE = 0.15;
/** How long a connection that is to be cut at its next reply waits for one before it is cut anyway. */
const ARMED_MS = 120;

/**
 * Delays every parcel on its own: a little, and a few of them long.
 *
 * @param {TcpProxy} proxy
 * @param {Random} random
 */
export function delay(proxy, random) {
  const latency = () =>
    random.chance(SLOW_SHARE)
      ? between(random, QUICK_MS, LONGEST_MS)
      : between(random, SHORTEST_MS, QUICK_MS);
  Object.defineProperty(proxy, 'latencyMs', { get: latency });
}

/**
 * @param {Random} random
 * @param {number} min
 * @param {number} max
 */
function between(random, min, max) {
  return min + (max - min) * random.next();
}

/** Makes a proxy cut, hold and release, at random moments, until it is told to stop. */
export class Weather {
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** Since when connections are cut, while that goes on. */
  /** @type {number | undefined} */
  #stormSince;

  /**
   * @param {TcpProxy} proxy
   * @param {Random} random
   * @param {Journal} journal
   * @param {number} processNumber
   */
  constructor(proxy, random, journal, processNumber) {
    this.proxy = proxy;
    this.random = random;
    this.journal = journal;
    this.process = processNumber;
  }

  start() {
    this.#after(this.random.integer(20, 250), () => this.#turn());
  }

  /** Everything goes on that was held; nothing new happens. */
  stop() {
    clearTimeout(this.#timer);
    this.#endStorm();
    this.proxy.release();
  }

  /**
   * Loses what is sent from now on, for so long, and the connections with it.
   *
   * @param {number} milliseconds
   */
  async swallow(milliseconds) {
    const { proxy, journal } = this;
    const from = now();
    proxy.hold('toServer');
    await sleep(milliseconds);
    proxy.cut();
    proxy.release();
    journal.add({ kind: 'storm', process: this.process, from, until: now() });
  }

  #turn() {
    const { proxy, random } = this;
    const draw = random.next();
    if (draw < 0.8) {
      proxy.hold(random.chance(0.5) ? 'toClient' : 'toServer');
      this.#after(random.integer(1, 60), () => {
        // What was held is then lost: nobody knows which of it had arrived.
        if (random.chance(LOST_SHARE)) {
          this.#stormSince = now();
          this.#endStorm();
        }
        proxy.release();
        this.start();
      });
      return;
    }
    this.#stormSince = now();
    if (draw < 0.87) proxy.cut();
    else if (draw < 0.94) proxy.cutBeforeReply();
    else proxy.cutAfter(random.chance(0.5) ? 'toClient' : 'toServer', random.integer(1, 400));
    this.#after(draw < 0.87 ? 0 : ARMED_MS, () => {
      this.#endStorm();
      this.start();
    });
  }

  /** Whatever was not cut by then is now, so that it is known which errors this explains. */
  #endStorm() {
    const from = this.#stormSince;
    if (from === undefined) return;
    this.#stormSince = undefined;
    this.proxy.cut();
    this.journal.add({ kind: 'storm', process: this.process, from, until: now() });
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} next
   */
  #after(milliseconds, next) {
    this.#timer = setTimeout(next, milliseconds);
  }
}
