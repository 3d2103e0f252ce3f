/** @typedef {import('../random.mjs').Random} Random */

const ABORT_SHARE = 0.16;
const TIMEOUT_SHARE = 0.08;
const LONGEST_ABORT_MS = 12;
const LONGEST_TIMEOUT_MS = 30;

/** What a caller does to its own call: nothing, or giving it up at a random moment. */
export class Limits {
  /** What was done by now. */
  /** @type {'abort' | 'timeout' | undefined} */
  fault;
  /** @type {{ readonly signal?: AbortSignal, readonly timeoutMs?: number }} */
  options = {};
  /** @type {() => void} */
  #stop = () => {};

  /** @param {Random} random */
  static draw(random) {
    const draw = random.next();
    if (draw < ABORT_SHARE) return Limits.abort(random);
    return draw < ABORT_SHARE + TIMEOUT_SHARE ? Limits.timeout(random) : new Limits();
  }

  /** @param {Random} random */
  static abort(random) {
    if (!random.chance(0.3)) return Limits.abortAfter(random.next() * LONGEST_ABORT_MS);
    const limits = new Limits();
    const abort = limits.#arm();
    if (random.chance(0.33)) abort();
    else {
      const immediate = setImmediate(abort);
      limits.#stop = () => clearImmediate(immediate);
    }
    return limits;
  }

  /** @param {number} milliseconds */
  static abortAfter(milliseconds) {
    const limits = new Limits();
    const timer = setTimeout(limits.#arm(), milliseconds);
    limits.#stop = () => clearTimeout(timer);
    return limits;
  }

  /** @param {Random} random */
  static timeout(random) {
    const limits = new Limits();
    limits.options = { timeoutMs: random.integer(1, LONGEST_TIMEOUT_MS) };
    // The call decides when it is over; whether it was too long shows in what it gives.
    limits.fault = 'timeout';
    return limits;
  }

  /** @returns {() => void} what gives the call up */
  #arm() {
    const controller = new AbortController();
    this.options = { signal: controller.signal };
    return () => {
      this.fault = 'abort';
      controller.abort();
    };
  }

  /** The call is over: nothing is done to it any more. */
  end() {
    this.#stop();
  }
}
