import type { Activity } from '../../engine/connection.js';
import type { OwedAnswers } from './owed-answers.js';
import type { SessionWatch } from './session-watch.js';

/** What goes on on a client, by what the server answers and by what the driver has before it. */
export class ClientActivity implements Activity {
  readonly #answers: OwedAnswers;
  readonly #watch: SessionWatch;

  constructor(answers: OwedAnswers, watch: SessionWatch) {
    this.#answers = answers;
    this.#watch = watch;
  }

  get isBusy(): boolean {
    return this.#answers.count > 0 || !this.#watch.isIdle;
  }

  get isInTransaction(): boolean {
    return this.#answers.isInTransaction;
  }

  get answers(): number {
    return this.#answers.answers;
  }

  get rests(): number {
    return this.#answers.rests;
  }
}
