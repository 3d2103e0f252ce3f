/** @typedef {import('../contracts/notes.js').Batch} Batch */
/** @typedef {import('../contracts/field.js').Field} Field */
/** @typedef {import('./timeline.mjs').Timeline} Timeline */

/** Judges the rows that the tenants' databases hold in the end, read past the library. */
export class Audit {
  /** @type {Batch[]} */
  #batches = [];
  #field;
  #timeline;
  #find;

  /**
   * @param {Field} field
   * @param {Timeline} timeline
   * @param {(what: string) => void} find called with whatever is wrong
   */
  constructor(field, timeline, find) {
    this.#field = field;
    this.#timeline = timeline;
    this.#find = find;
  }

  /** @param {Batch} batch */
  expect(batch) {
    this.#batches.push(batch);
  }

  /** Reads every database and compares. To be called while nothing is under way. */
  async judge() {
    /** Where each request's row is, once for each time. */
    /** @type {Map<string, string[]>} */
    const found = new Map();
    for (const [place, name] of this.#timeline.allPlaces()) {
      for (const { request, tenant } of await this.#field.entries(place)) {
        if (tenant !== name)
          this.#find(`${place}, which is ${name}'s, holds a row of ${tenant} (${request})`);
        found.set(request, [...(found.get(request) ?? []), place]);
      }
    }
    for (const batch of this.#batches) this.#compare(batch, found);
  }

  /**
   * @param {Batch} batch
   * @param {ReadonlyMap<string, readonly string[]>} found
   */
  #compare({ name, requests, outcome }, found) {
    const times = requests.map((request) => found.get(request)?.length ?? 0);
    const text = `${name}: the rows ${requests.join(', ')}`;
    if (outcome === 'there' && times.some((count) => count === 0)) {
      this.#find(`${text} were acknowledged and are not there (${times.join(', ')})`);
    } else if (outcome === 'gone' && times.some((count) => count > 0)) {
      this.#find(`${text} were not to stay and are there (${times.join(', ')})`);
    } else if (times.some((count) => count > 1)) {
      this.#find(`${text} were written more than once (${times.join(', ')})`);
    } else if (new Set(times).size > 1) {
      this.#find(`${text} are there in part (${times.join(', ')})`);
    }
  }
}
