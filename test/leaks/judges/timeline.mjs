/** @typedef {import('../contracts/notes.js').Change} Change */
/** @typedef {import('../contracts/prey.js').TenantState} TenantState */

/** How long a process may not have heard of a change, however busy the machine is: far longer than the poll takes. */
const STALE_MS = 2000;
/** How long a process is stopped, so that what it knew is staler than that. */
export const FROZEN_MS = 3500;

/**
 * A state that a tenant came to, and when the change to it began and was acknowledged.
 *
 * @typedef {TenantState & { readonly beganAt: number, readonly endedAt: number, readonly by: Change['what'] }} KnownState
 */

/** What is asked of a timeline: what somebody may have met who began and ended then, and knew that much. */
/** @typedef {{ readonly startedAt: number, readonly endedAt: number, readonly floor: number }} Span */

/** What became of every tenant, by the changes that the hunt itself ordered. */
export class Timeline {
  /** @type {Map<string, KnownState[]>} */
  #states = new Map();
  /** Changes that are under way, or failed so that nobody knows whether they happened. */
  /** @type {Map<string, Map<string, Change>>} */
  #doubts = new Map();

  /**
   * @param {string} name
   * @param {TenantState} state
   */
  begin(name, state) {
    this.#states.set(name, [{ ...state, beganAt: 0, endedAt: 0, by: 'create' }]);
  }

  /**
   * @param {string} number
   * @param {Change} change
   */
  began(number, change) {
    const doubts = this.#doubts.get(change.name) ?? new Map();
    this.#doubts.set(change.name, doubts.set(number, change));
  }

  /**
   * @param {string} number
   * @param {Change} change
   */
  ended(number, change) {
    const { name, beganAt, endedAt = Number.POSITIVE_INFINITY, what, state } = change;
    if (state === undefined) return;
    this.#doubts.get(name)?.delete(number);
    this.#states.get(name)?.push({ ...state, beganAt, endedAt, by: what });
  }

  /** @param {string} name */
  knows(name) {
    return this.#states.has(name);
  }

  /**
   * The states in which somebody may have met a tenant. One is over for a process that had confirmed a later one
   * before it began; it is not there yet for one that ended before its change began.
   *
   * @param {string} name
   * @param {Span} span
   * @returns {readonly KnownState[]}
   */
  possible(name, { endedAt, floor }) {
    const states = this.#states.get(name) ?? [];
    return states.filter((state, index) => {
      const next = states[index + 1];
      return state.beganAt <= endedAt && (next === undefined || next.revision > floor);
    });
  }

  /**
   * The states in which somebody may still have been served: of those that are possible the ones after which no
   * change was acknowledged so long ago that everybody must have heard of it.
   *
   * @param {string} name
   * @param {Span} span
   */
  served(name, span) {
    const states = this.#states.get(name) ?? [];
    return this.possible(name, span).filter((state) => {
      const next = states[states.indexOf(state) + 1];
      return next === undefined || span.startedAt <= next.endedAt + STALE_MS;
    });
  }

  /**
   * Whether a change was under way or in doubt, so that the tenant may have been in any state.
   *
   * @param {string} name
   * @param {Span} span
   */
  isInDoubt(name, { endedAt, floor }) {
    const states = this.#states.get(name) ?? [];
    return [...(this.#doubts.get(name)?.values() ?? [])].some(
      (change) =>
        change.beganAt <= endedAt &&
        !states.some(({ beganAt, revision }) => beganAt > change.beganAt && revision <= floor),
    );
  }

  /**
   * Every database that tenants of this name ever had.
   *
   * @param {string} name
   * @returns {ReadonlySet<string>}
   */
  places(name) {
    return new Set((this.#states.get(name) ?? []).map(({ place }) => place).filter((place) => place !== ''));
  }

  /** @returns {ReadonlyMap<string, string>} every database, and the name of its tenant */
  allPlaces() {
    return new Map(
      [...this.#states.keys()].flatMap((name) => [...this.places(name)].map((place) => [place, name])),
    );
  }
}
