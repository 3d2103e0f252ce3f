import type { DatabasePart } from '../../engine/place.js';
import { type Admission, proofOf, type Trouble, troubleIn } from './admission.js';
import type { Client } from './driver.js';
import type { SessionWatch } from './session-watch.js';
import type { Proof } from './wire.js';

/** How long a look at a database counts, in milliseconds. */
const LOOK_MS = 60_000;
/** Command tags of what may make or open a table, add a language, or hide that it does. */
const CHANGING = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|IMPORT|REASSIGN|DO|CALL|COMMIT PREPARED)\b/;
/** Command tags of what runs nothing that is the database's own. */
const INERT =
  /^(?:BEGIN|START|SAVEPOINT|RELEASE|ROLLBACK|SET|RESET|SHOW|LISTEN|UNLISTEN|NOTIFY|LOCK|DEALLOCATE|DISCARD|PREPARE|DECLARE|CLOSE)\b/;

/** What this process has seen happen to a database whose parts are served. */
export interface DatabaseNews {
  changedAt: number;
  /** When it was last found to have what keeps a memory that no reset takes away. */
  memoryAt: number;
}

/** That of each database of a server. */
export class NewsOfDatabases {
  readonly #news = new Map<string, DatabaseNews>();

  of(database: string): DatabaseNews {
    const known = this.#news.get(database);
    if (known !== undefined) return known;
    const news = { changedAt: Number.NEGATIVE_INFINITY, memoryAt: Number.NEGATIVE_INFINITY };
    this.#news.set(database, news);
    return news;
  }
}

/**
 * Knows when what a session was admitted on must be proved again: after whatever may have changed its database, by any
 * session of this process, and every minute for what others do. It was looked at when the session was opened, but a table
 * or partition that was made meanwhile may have no policy, and an extension may remember what no reset takes away.
 *
 * A change counts from the moment in which the server says that its transaction has ended: who looked before saw
 * nothing of it. That there may have been one is told by the command tag, and where a text is not plain by nothing else.
 */
export class AdmissionWatch implements Proof {
  readonly statement: string;
  readonly #client: Client;
  readonly #news: DatabaseNews;
  readonly #keepsMemory: boolean;
  readonly #openedAt = performance.now();
  #lookedAt = this.#openedAt;
  /** Whether the transaction that is open, or its last statement, may have changed the database. */
  #mayHaveChanged = false;

  /** Watches a session that was looked at just now. */
  constructor(
    client: Client,
    { isolation }: DatabasePart,
    { keepsMemory }: Admission,
    news: DatabaseNews,
    session: SessionWatch,
  ) {
    this.#client = client;
    this.#news = news;
    this.#keepsMemory = keepsMemory;
    if (keepsMemory) news.memoryAt = this.#openedAt;
    this.statement = proofOf(isolation, keepsMemory);
    const isDoubtful = () => session.left === 'anything' || session.left === 'lasting';
    const { connection } = client;
    connection.on('commandComplete', ({ text }: { readonly text: string }) => {
      this.#mayHaveChanged ||= CHANGING.test(text) || (isDoubtful() && !INERT.test(text));
    });
    connection.prependListener('readyForQuery', ({ status }: { readonly status: string }) => {
      if (this.#mayHaveChanged && status === 'I') this.#changed();
    });
    connection.on('end', () => {
      if (this.#mayHaveChanged || isDoubtful()) this.#changed();
    });
  }

  /** Whether the session must stay with its tenant. */
  get keepsMemory(): boolean {
    return this.#keepsMemory || this.#news.memoryAt >= this.#openedAt;
  }

  get isDue(): boolean {
    return this.#news.changedAt >= this.#lookedAt || performance.now() - this.#lookedAt > LOOK_MS;
  }

  begins(): void {
    this.#lookedAt = performance.now();
  }

  /** What a proof was refused for; undefined if the error is of another kind. */
  troubleIn(error: unknown): Trouble | undefined {
    const trouble = troubleIn(this.#client, error);
    if (trouble === 'memory') this.#news.memoryAt = performance.now();
    return trouble;
  }

  #changed(): void {
    this.#mayHaveChanged = false;
    this.#news.changedAt = performance.now();
  }
}
