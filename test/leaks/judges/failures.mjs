import { FROZEN_MS } from './timeline.mjs';

/** @typedef {import('../contracts/notes.js').Failure} Failure */
/** @typedef {import('../contracts/notes.js').Kill} Kill */
/** @typedef {import('../contracts/notes.js').Storm} Storm */
/** @typedef {import('./timeline.mjs').Timeline} Timeline */

/** How long after a connection was ended a process may still find out. */
const NOTICE_MS = 2000 + FROZEN_MS;
/** How long sessions take to hear of a changed setting. */
const RELOAD_MS = 500;
/** How long a change of the catalog waits for one who holds a lock and stands still. */
const CATALOG_MS = 6000;
const ABORTED =
  /current transaction is aborted|an earlier statement of it had failed: .*in a read-only transaction/;
/** One connection ends one call; where that is sent again, perhaps another. Of calls whose session nobody knows. */
const ERRORS_OF_A_KILL = 2;
/** How long a server that could not be reached is left alone, and then takes to be reached on a busy machine. */
const BREAKER_MS = 30_000;

const OWN_FAULT = {
  abort: new Set([
    'TENANTRY_ABORTED',
    'TENANTRY_OUTCOME_UNKNOWN',
    'TENANTRY_LEASE_ENDED',
    'TENANTRY_CONNECTION_LOST',
  ]),
  timeout: new Set([
    ...['TENANTRY_TIMEOUT', 'TENANTRY_POOL_TIMEOUT', 'TENANTRY_OUTCOME_UNKNOWN', 'TENANTRY_LEASE_ENDED'],
    'TENANTRY_CONNECTION_LOST',
  ]),
};
const LOST = new Set(['TENANTRY_CONNECTION_LOST', 'TENANTRY_OUTCOME_UNKNOWN', 'TENANTRY_SERVER_UNAVAILABLE']);
/** What a server says of a statement that it ended together with its session. */
const LOST_KINDS = new Set(['killed', 'connection-lost']);

/** Explains errors: by what the operation did to itself, by what was done to its connection, or by its tenant's changes. */
export class FailureJudge {
  /** @type {Kill[]} */
  kills = [];
  /** @type {Storm[]} */
  storms = [];
  /** @type {import('../contracts/notes.js').Mood[]} */
  moods = [];
  /** When one of the processes stood still, perhaps with what others wait for. */
  /** @type {import('../contracts/notes.js').Mood[]} */
  freezes = [];
  #timeline;
  #find;
  #moves;
  #log;
  #isFar;
  /** How many errors each kill has explained. */
  /** @type {Map<Kill, number>} */
  #explained = new Map();

  /**
   * @param {Timeline} timeline
   * @param {boolean} moves whether a session may have served another database by the time it was missed
   * @param {import('./log.mjs').LogJudge} log knows where a statement ran, as far as it came
   * @param {(name: string) => boolean} isFar whether its connections are cut
   * @param {(what: string) => void} find called with what is worse than an error
   */
  constructor(timeline, moves, log, isFar, find) {
    this.#timeline = timeline;
    this.#find = find;
    this.#moves = moves;
    this.#log = log;
    this.#isFar = isFar;
  }

  /**
   * Whether a connection was ended by somebody else.
   *
   * @param {string} request that it ran
   * @param {string} name
   */
  mayHaveLost(request, name) {
    const session = this.#log.sessionOf(request);
    return this.#isFar(name) || this.kills.some((kill) => kill.session === session);
  }

  /** @param {Failure} failure */
  isExplained(failure) {
    const { code, errorKind, fault, expects } = failure;
    if (expects.includes(code) || expects.includes(`${code} (${errorKind})`)) return true;
    if (fault !== undefined && OWN_FAULT[fault].has(code)) return true;
    if (code === 'TENANTRY_CATALOG_UNAVAILABLE' && isWithin(failure, this.freezes, CATALOG_MS)) return true;
    // What a statement was refused that nobody waited for, those after it are refused as well.
    if (ABORTED.test(failure.message) && isWithin(failure, this.moods, RELOAD_MS)) return true;
    if (errorKind === 'read-only') return this.#wasReadOnly(failure);
    return this.#isOfConnection(failure) ? this.#wasCut(failure) : this.#isOfTenant(failure);
  }

  /** @param {Failure} failure */
  #isOfConnection({ code, errorKind }) {
    if (LOST.has(code)) return true;
    const isOfServer = code === 'TENANTRY_QUERY_FAILED' || code === 'TENANTRY_PROVISION_FAILED';
    return isOfServer && errorKind !== undefined && LOST_KINDS.has(errorKind);
  }

  /**
   * A connection may be one to a server that takes no writes any more, so it serves nobody else once it has said so.
   *
   * @param {Failure} failure
   */
  #wasReadOnly(failure) {
    const { requests, name } = failure;
    const last = requests.at(-1) ?? '';
    const next = this.#log.ranAfter(last).find((request) => !requests.includes(request));
    if (next !== undefined)
      this.#find(
        `a connection of ${name} was told that its server takes no writes (${last}), and ran ${next}`,
      );
    return isWithin(failure, this.moods, RELOAD_MS);
  }

  /** @param {Failure} failure */
  #wasCut({ name, requests, process, far, errorKind, startedAt, endedAt }) {
    const noticeMs = errorKind === 'unreachable' ? BREAKER_MS : NOTICE_MS;
    const overlaps = (/** @type {{ from: number, until: number }} */ { from, until }) =>
      from <= endedAt && startedAt <= until + noticeMs;
    if (far && this.storms.some((storm) => storm.process === process && overlaps(storm))) return true;
    const sessions = requests.map((request) => this.#log.sessionOf(request));
    // One that the server never had was lost with a connection of which nobody knows which it was.
    const mayBeAny = sessions.length === 0 || sessions.includes(undefined);
    const places = this.#timeline.places(name);
    const kill = this.kills.find((candidate) => {
      if (!overlaps(candidate)) return false;
      if (sessions.includes(candidate.session)) return true;
      // One that was killed while it was made keeps everybody away from its server for a while.
      const isBreaker = errorKind === 'unreachable';
      if (!isBreaker && (this.#explained.get(candidate) ?? 0) >= ERRORS_OF_A_KILL) return false;
      const isThere = places.has(candidate.place) || candidate.place === name || this.#moves;
      return mayBeAny && isThere && this.#log.mayBelongTo(candidate.session, process);
    });
    if (kill !== undefined) this.#explained.set(kill, (this.#explained.get(kill) ?? 0) + 1);
    return kill !== undefined;
  }

  /** @param {Failure} failure */
  #isOfTenant(failure) {
    const { name, code } = failure;
    if (!this.#timeline.knows(name)) return false;
    if (this.#timeline.isInDoubt(name, failure)) return TENANT_CODES.has(code);
    const possible = this.#timeline.possible(name, failure);
    const statuses = new Set(possible.map(({ status }) => status));
    switch (code) {
      case 'TENANTRY_TENANT_SUSPENDED':
        return statuses.has('suspended');
      case 'TENANTRY_UNKNOWN_TENANT':
        return statuses.has('deleted') || statuses.has('absent');
      case 'TENANTRY_TENANT_NOT_READY':
        return possible.some(({ by }, index) => by === 'create' && index > 0);
      case 'TENANTRY_SESSION_ENDED':
      case 'TENANTRY_IDENTITY_MISMATCH':
        return possible.length > 1;
      default:
        return false;
    }
  }
}

/**
 * @param {{ readonly startedAt: number, readonly endedAt: number }} failure
 * @param {readonly import('../contracts/notes.js').Mood[]} moods
 * @param {number} noticeMs how long after the end it may still be felt
 */
function isWithin({ startedAt, endedAt }, moods, noticeMs) {
  return moods.some(({ from, until }) => from <= endedAt && startedAt <= until + noticeMs);
}

/** What a tenant that is being changed may answer. */
const TENANT_CODES = new Set([
  ...['TENANTRY_TENANT_SUSPENDED', 'TENANTRY_UNKNOWN_TENANT', 'TENANTRY_TENANT_NOT_READY'],
  ...['TENANTRY_SESSION_ENDED', 'TENANTRY_IDENTITY_MISMATCH', 'TENANTRY_DATABASE_MISSING'],
  ...['TENANTRY_TENANT_STATUS', 'TENANTRY_TENANT_EXISTS', 'TENANTRY_TENANT_BUSY'],
]);
