/** @typedef {import('../contracts/notes.js').Note} Note */
/** @typedef {import('../contracts/hunt.js').Report} Report */

const FLUSH_MS = 25;

/** The time that all processes of this machine share, in milliseconds. */
export function now() {
  return performance.timeOrigin + performance.now();
}

/** Takes down what happens in a hunter process, and sends it to the hunt. */
export class Journal {
  /** @type {Note[]} */
  #notes = [];
  /** What was done since the start. */
  totals = { operations: 0, aborts: 0 };
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {Note} note */
  add(note) {
    this.#notes.push(note);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /**
   * A promise of the library was seen broken by the rows that came back.
   *
   * @param {string} what
   */
  find(what) {
    this.add({ kind: 'finding', judge: 'rows', what });
    this.flush();
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.send({ type: 'notes', notes: this.#notes.splice(0), totals: this.totals });
  }

  /** @param {Report} report */
  send(report) {
    if (process.connected) process.send?.(report);
  }
}
