import { judgeAnswer, judgeBound } from './answers.mjs';
import { Audit } from './audit.mjs';
import { FailureJudge } from './failures.mjs';
import { LogJudge } from './log.mjs';
import { Timeline } from './timeline.mjs';

/** @typedef {import('../contracts/notes.js').Answer} Answer */
/** @typedef {import('../contracts/notes.js').Bound} Bound */
/** @typedef {import('../contracts/notes.js').Failure} Failure */
/** @typedef {import('../contracts/field.js').Field} Field */
/** @typedef {import('../contracts/notes.js').Kill} Kill */
/** @typedef {import('../contracts/notes.js').Note} Note */

/** Texts that are kept of what is wrong. */
const MAX_TEXTS = 20;
/** Names and numbers, and what stands between quotes. */
const PARTICULARS = /\w*tenant\d+(?:\.\d+)?|"[^"]*"|\d+(?:-\d+)?|(?<=…|, )[, …]+/gi;

/** Hears what the hunters took down, and has the judges look at it once nothing is under way. */
export class Court {
  timeline = new Timeline();
  /** What was found, by judge. */
  found = { rows: 0, log: 0 };
  counts = { answers: 0, failures: 0, unexplained: 0, missing: 0 };
  /** How often each error came. */
  /** @type {Map<string, number>} */
  codes = new Map();
  /** How often each kind of thing was wrong, by what it says without names and numbers; and the first of the kind. */
  /** @type {Map<string, { count: number, first: string }>} */
  kinds = new Map();
  /** What is wrong, in words. */
  /** @type {string[]} */
  texts = [];
  #hostages;
  /** Transactions that the library has told it must leave prepared, and which were not found yet. */
  #told = 0;
  #field;
  #onTrouble;
  #log;
  #failures;
  #audit;
  /** @type {Answer[]} */
  #answers = [];
  /** @type {Bound[]} */
  #bounds = [];
  /** @type {Failure[]} */
  #errors = [];

  /**
   * @param {Field} field
   * @param {import('../reserve.mjs').Reserve} reserve
   * @param {() => void} onTrouble called with each thing that is wrong
   */
  constructor(field, { prey, hostages }, onTrouble) {
    this.#hostages = hostages;
    this.#field = field;
    this.#onTrouble = onTrouble;
    this.#log = new LogJudge(this.timeline, (what) => this.#find('log', what));
    const isFar = (/** @type {string} */ name) =>
      prey.some((each) => each.name === name && each.server === 'far');
    const find = (/** @type {string} */ what) => this.#find('log', what);
    this.#failures = new FailureJudge(this.timeline, field.moves, this.#log, isFar, find);
    this.#audit = new Audit(field, this.timeline, (what) => this.#find('rows', what));
    for (const { name, state } of prey) this.timeline.begin(name, state);
  }

  /** Statements of ours that the log holds. */
  get statementsInLog() {
    return this.#log.statements;
  }

  get crossTenant() {
    return this.found.rows + this.found.log;
  }

  /** Whether anything is wrong. */
  get isCaught() {
    const { unexplained, missing } = this.counts;
    return this.crossTenant + unexplained + missing > 0;
  }

  /** @param {Kill} kill */
  killed(kill) {
    this.#failures.kills.push(kill);
  }

  /** @param {import('../contracts/notes.js').Mood} mood */
  tookNoWrites(mood) {
    this.#failures.moods.push(mood);
  }

  /** @param {import('../contracts/notes.js').Mood} freeze */
  froze(freeze) {
    this.#failures.freezes.push(freeze);
  }

  /** @param {Note} note */
  hear(note) {
    switch (note.kind) {
      case 'answer':
        this.#answers.push(note);
        return;
      case 'bound':
        this.#bounds.push(note);
        return;
      case 'failure':
        this.#errors.push(note);
        return;
      case 'batch':
        this.#audit.expect(note);
        return;
      case 'finding':
        this.#find(note.judge, note.what);
        return;
      case 'never':
        this.#log.forbid(note.request, note.why);
        return;
      case 'storm':
        this.#failures.storms.push(note);
        return;
      case 'surprise':
        this.surprise(note.text);
        return;
      case 'told':
        this.#told++;
        return;
      case 'began':
        this.timeline.began(note.number, note.change);
        return;
      case 'ended':
        this.timeline.ended(note.number, note.change);
    }
  }

  /** Judges everything that was heard. To be called while nothing is under way. */
  async judge() {
    for (const event of await this.#field.log()) this.#log.read(event);
    for (const bound of this.#bounds.splice(0)) {
      const wrong = judgeBound(this.timeline, bound);
      if (wrong !== undefined) this.#find('rows', wrong);
    }
    for (const answer of this.#answers.splice(0)) this.#judgeAnswer(answer);
    for (const failure of this.#errors.splice(0)) this.#judgeFailure(failure);
    await this.#audit.judge();
    for (const { name, place, owner } of this.#hostages) {
      const present = await this.#field.owner(place);
      if (present !== owner)
        this.#find('rows', `${place} was ${owner}'s, and ${name} has taken it for its own`);
    }
    for (const prepared of (await this.#field.prepared?.()) ?? []) {
      const { request, tenant } = prepared;
      // Of one that was lost together with its connection nobody knows any more.
      const isLost = this.#failures.mayHaveLost(request, tenant);
      if (!isLost && this.#told === 0) {
        this.#find('rows', `${tenant} has prepared a transaction, and nobody has it any more (${request})`);
      }
      if (!isLost && this.#told > 0) this.#told--;
      await this.#field.rollBack?.(prepared);
    }
  }

  /**
   * Nobody expects this of the library.
   *
   * @param {string} text
   */
  surprise(text) {
    this.counts.unexplained++;
    this.#tell(`unexplained: ${text}`);
  }

  /** @param {Answer} answer */
  #judgeAnswer(answer) {
    this.counts.answers++;
    const wrong = judgeAnswer(this.timeline, answer);
    if (wrong !== undefined) this.#find('rows', wrong);
    if (this.#log.holds(answer)) return;
    this.counts.missing++;
    this.#tell(`missing in the log: ${answer.request} of ${answer.name}`);
  }

  /** @param {Failure} failure */
  #judgeFailure(failure) {
    const { operation, name, code, errorKind, message, fault } = failure;
    this.counts.failures++;
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    if (this.#failures.isExplained(failure)) return;
    const kind = errorKind === undefined ? '' : ` (${errorKind})`;
    const limit = fault === undefined ? '' : `, ${fault}`;
    this.surprise(`${operation} of ${name}${limit}: ${code}${kind}: ${message}`);
  }

  /**
   * @param {'rows' | 'log'} judge
   * @param {string} what
   */
  #find(judge, what) {
    this.found[judge]++;
    this.#tell(`found in the ${judge}: ${what}`);
  }

  /** @param {string} text */
  #tell(text) {
    const kind = text.replace(PARTICULARS, '…');
    const { count, first } = this.kinds.get(kind) ?? { count: 0, first: text };
    this.kinds.set(kind, { count: count + 1, first });
    if (this.texts.length < MAX_TEXTS) this.texts.push(text);
    this.#onTrouble();
  }
}
