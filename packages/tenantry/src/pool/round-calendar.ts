import { type Linked, LinkedList } from './linked-list.js';

/** Somebody whose turn comes in a round. */
export interface TurnTaker<T extends TurnTaker<T>> extends Linked<T> {
  /** The round in whose list it stands. */
  due: number;
}

/** The rounds that can be told apart; a turn that is due later stands in the last of them until that one comes. */
const ROUNDS_AHEAD = 1024;

/**
 * The tenants that wait, by the round in which their turn comes. One that owes ten rounds stands ten
 * rounds ahead, instead of being looked at and passed over in each of them; so to find the next turn
 * costs the same whatever the number of tenants and their debts.
 */
export class RoundCalendar<T extends TurnTaker<T>> {
  /** A ring: round r is at r modulo its length. */
  readonly #lists: (LinkedList<T> | undefined)[] = new Array(ROUNDS_AHEAD).fill(undefined);
  #round = 0;
  #size = 0;

  /** The round that is being served. */
  get round(): number {
    return this.#round;
  }

  /** Those that stand in any round. */
  get size(): number {
    return this.#size;
  }

  /** Behind those whose turn comes in the same round. A round that is over means the present one. */
  add(taker: T, round: number): void {
    taker.due = Math.min(Math.max(round, this.#round), this.#round + ROUNDS_AHEAD - 1);
    this.#list(taker.due).addLast(taker);
    this.#size++;
  }

  /** Before everybody in the present round. */
  addFirst(taker: T): void {
    taker.due = this.#round;
    this.#list(taker.due).addFirst(taker);
    this.#size++;
  }

  remove(taker: T): void {
    if (this.#list(taker.due).remove(taker)) this.#size--;
  }

  /** The one whose turn comes first; a round in which nobody is left is over. */
  first(): T | undefined {
    if (this.#size === 0) return undefined;
    let first = this.#list(this.#round).first;
    while (first === undefined) first = this.#list(++this.#round).first;
    return first;
  }

  /** Lets rounds pass; only to be called while nobody stands here. */
  skip(rounds: number): void {
    this.#round += rounds;
  }

  /** Everybody, in the order of their turns. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let ahead = 0; ahead < ROUNDS_AHEAD; ahead++) yield* this.#list(this.#round + ahead);
  }

  #list(round: number): LinkedList<T> {
    const index = round % ROUNDS_AHEAD;
    let list = this.#lists[index];
    if (list === undefined) {
      list = new LinkedList();
      this.#lists[index] = list;
    }
    return list;
  }
}
