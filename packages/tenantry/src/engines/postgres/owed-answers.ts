import type { Client } from './driver.js';

/**
 * What the server still owes to a client: it answers each Query and each Sync message with one
 * ReadyForQuery, whoever made the client send it. So a connection owes nothing to anybody, and nobody's
 * answer can reach another, only where both numbers are the same.
 */
export class OwedAnswers {
  readonly #resend: () => void;
  /** Answers so far, and those of them after which no transaction was open. */
  answers = 0;
  rests = 0;
  /** By the last answer. */
  isInTransaction = false;
  #owed = 0;
  #lastAskedBySync = false;
  #waiting: (() => void)[] = [];
  #isOver = false;

  /** To be made while the client is idle. */
  constructor({ connection }: Client) {
    const { query, sync } = connection;
    this.#resend = () => sync.call(connection);
    connection.query = (text) => {
      this.#ask(false);
      query.call(connection, text);
    };
    connection.sync = () => {
      this.#ask(true);
      sync.call(connection);
    };
    // Before the driver's own listener, which calls whoever asked.
    connection.prependListener('readyForQuery', ({ status }: { readonly status: string }) => {
      this.#owed--;
      this.answers++;
      this.isInTransaction = status !== 'I';
      if (!this.isInTransaction) this.rests++;
      this.#wakeUp();
    });
    connection.on('copyInResponse', () => {
      // The driver refuses to copy. In the extended protocol the Sync that it had sent with the
      // statement is ignored while copying, and the server would wait for another one.
      if (this.#lastAskedBySync) this.#resend();
    });
  }

  /** Answers that have not come; negative if some came that nobody had asked for. */
  get count(): number {
    return this.#owed;
  }

  /** Resolves when nothing is owed any more, or nothing can come. */
  async all(): Promise<void> {
    while (this.#owed > 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The connection is gone. */
  end(): void {
    this.#isOver = true;
    this.#wakeUp();
  }

  #ask(bySync: boolean): void {
    this.#owed++;
    this.#lastAskedBySync = bySync;
  }

  #wakeUp(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
