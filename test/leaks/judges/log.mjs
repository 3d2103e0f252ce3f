import { findMark } from '../dialects/marks.mjs';

/** @typedef {import('../contracts/notes.js').Answer} Answer */
/** @typedef {import('../contracts/field.js').LogEvent} LogEvent */
/** @typedef {import('./timeline.mjs').Timeline} Timeline */

/** What is known of a session at the server. */
/** @typedef {{ database: string | undefined, last: { name: string, epoch: number } | undefined }} Session */

/**
 * Judges what the server itself says: where each statement ran. It follows each session's database, through
 * whatever moves it.
 */
export class LogJudge {
  /** Statements of ours that the log holds. */
  statements = 0;
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  /** How often each request ran. */
  /** @type {Map<string, number>} */
  #ran = new Map();
  /** Where each request ran. */
  /** @type {Map<string, string>} */
  #sessionOf = new Map();
  /** What each session ran since it was opened, in its order. */
  /** @type {Map<string, string[]>} */
  #requests = new Map();
  /** Which hunters a session belongs to, since it was opened: PostgreSQL uses its numbers again. */
  /** @type {Map<string, Set<number>>} */
  #owners = new Map();
  /** @type {Map<string, string>} */
  #never = new Map();
  #timeline;
  #find;

  /**
   * @param {Timeline} timeline
   * @param {(what: string) => void} find called with whatever is wrong
   */
  constructor(timeline, find) {
    this.#timeline = timeline;
    this.#find = find;
  }

  /**
   * A request that must never be in the log.
   *
   * @param {string} request
   * @param {string} why
   */
  forbid(request, why) {
    this.#never.set(request, why);
  }

  /**
   * The session in which a request ran last, if it came that far.
   *
   * @param {string} request
   */
  sessionOf(request) {
    return this.#sessionOf.get(request);
  }

  /**
   * What the session of a request ran after it.
   *
   * @param {string} request
   */
  ranAfter(request) {
    const requests = this.#requests.get(this.#sessionOf.get(request) ?? '') ?? [];
    const at = requests.lastIndexOf(request);
    return at < 0 ? [] : requests.slice(at + 1);
  }

  /**
   * Whether a session may have belonged to a hunter, as far as sessions of its number said so.
   *
   * @param {string} session
   * @param {number} hunter
   */
  mayBelongTo(session, hunter) {
    return this.#owners.get(session)?.has(hunter) ?? true;
  }

  /** @param {LogEvent} event */
  read(event) {
    switch (event.type) {
      case 'opened':
        this.#owners.delete(event.session);
        this.#requests.delete(event.session);
        this.#sessions.set(event.session, { database: event.database, last: undefined });
        return;
      case 'moved':
        this.#sessions.set(event.session, { database: event.database, last: undefined });
        return;
      case 'closed':
        this.#sessions.delete(event.session);
        return;
      case 'statement':
        this.#judge(event.session, event.database ?? this.#sessions.get(event.session)?.database, event.text);
    }
  }

  /**
   * Whether the log holds what completed; a change that ran twice is worse than one that is missing.
   *
   * @param {Answer} answer
   */
  holds({ name, request, write }) {
    const times = this.#ran.get(request) ?? 0;
    if (write && times > 1) this.#find(`${name} wrote ${request} once and it ran ${times} times`);
    return times > 0;
  }

  /**
   * @param {string} session
   * @param {string | undefined} database
   * @param {string} text
   */
  #judge(session, database, text) {
    const mark = findMark(text);
    if (mark === undefined) return;
    const { name, epoch, request } = mark;
    this.statements++;
    this.#sessionOf.set(request, session);
    const requests = this.#requests.get(session) ?? [];
    this.#requests.set(session, requests);
    requests.push(request);
    const owners = this.#owners.get(session) ?? new Set();
    this.#owners.set(session, owners.add(Number(request.split('-')[0])));
    this.#ran.set(request, (this.#ran.get(request) ?? 0) + 1);
    const forbidden = this.#never.get(request);
    if (forbidden !== undefined) this.#find(`${name} ran ${request}, though ${forbidden}`);
    if (database === undefined || !this.#timeline.places(name).has(database)) {
      this.#find(`a statement of ${name} ran in ${database ?? 'no database'}: ${text.slice(0, 200)}`);
      return;
    }
    if (epoch === '?') return;
    const known = this.#sessions.get(session) ?? { database, last: undefined };
    if (known.last?.name === name && known.last.epoch !== epoch) {
      this.#find(`a connection of ${name} went on from epoch ${known.last.epoch} to ${epoch} (${request})`);
    }
    this.#sessions.set(session, { ...known, last: { name, epoch } });
  }
}
