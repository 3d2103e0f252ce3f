import type { Client } from './driver.js';
import { PreparedTransactions } from './prepared-transactions.js';
import type { StalePlans } from './stale-plans.js';
import { more, type Traces, tracesOf } from './traces.js';

const READ_ONLY = /\bread\s+only\b/i;
const READ_ONLY_TRANSACTION = '25006';

/** What is used here of pg beyond its types. */
interface DriverClient {
  readonly readyForQuery: boolean;
  readonly _activeQuery: unknown;
  readonly _queryQueue: readonly unknown[];
  readonly _sentQueryQueue?: readonly unknown[];
  readonly _ending: boolean;
  readonly _types: { readonly text: object; readonly binary: object };
}

/** Parts of the driver's connection that its types leave out. */
interface DriverConnection {
  query(text: string): void;
  parse(statement: { readonly text: string; readonly name?: string | null }): void;
  bind(portal: { readonly statement?: string | null }): void;
  parsedStatements: object;
  submittedNamedStatements: object;
}

/**
 * Sees every statement that a client sends, whoever gave it to the driver, and what the server says of
 * the session by itself.
 */
export class SessionWatch {
  readonly prepared: PreparedTransactions;
  readonly #client: DriverClient;
  readonly #plans: StalePlans;
  readonly #connection: DriverConnection;
  #left: Traces = 'none';
  #failing = false;
  /** Whether the transaction that is open may have been asked to only read. */
  #mayBeReadOnly = false;
  #cannotWrite = false;
  /** What each statement leaves that was prepared under a name; run again, its text is not sent. */
  readonly #named = new Map<string, Traces>();

  /** Watches a client that was just connected. */
  constructor(client: Client, plans: StalePlans) {
    this.#plans = plans;
    this.prepared = new PreparedTransactions(client);
    this.#client = client as unknown as DriverClient;
    const connection = client.connection as unknown as DriverConnection;
    this.#connection = connection;
    const { query, parse, bind } = connection;
    connection.query = (text) => {
      this.#sees(text);
      query.call(connection, text);
    };
    connection.parse = (statement) => {
      const traces = this.#sees(statement.text);
      if (statement.name) this.#named.set(statement.name, traces);
      parse.call(connection, statement);
    };
    connection.bind = (portal) => {
      if (portal.statement) this.#leaves(this.#named.get(portal.statement) ?? 'anything');
      bind.call(connection, portal);
    };
    const touch = () => this.touch();
    client.connection.on('parameterStatus', touch);
    client.connection.on('notification', touch);
    // Before the driver's own listener, which tells whoever asked.
    client.connection.prependListener('errorMessage', (error) => {
      this.#failing = true;
      if (Reflect.get(error, 'code') === READ_ONLY_TRANSACTION && !this.#mayBeReadOnly)
        this.#cannotWrite = true;
    });
    client.connection.on('readyForQuery', ({ status }) => {
      this.#failing = false;
      if (status === 'I') this.#mayBeReadOnly = false;
    });
  }

  /** What may have been left in the session since it was opened or reset. */
  get left(): Traces {
    return this.#left;
  }

  /** Whether the server refused to write, and nobody had asked for that: it is not, or no longer, one to write to. */
  get cannotWrite(): boolean {
    return this.#cannotWrite;
  }

  /** Whether the driver has nothing to do: no statement, cursor or copy under way, none waiting, no goodbye. */
  get isIdle(): boolean {
    return this.#client.readyForQuery === true && this.#isQuiet;
  }

  /** Whether all that is missing is the end of the answer to a statement that failed. */
  get isEndingInError(): boolean {
    return this.#failing && this.#isQuiet;
  }

  /** Whether somebody changed how the driver reads values on this connection. */
  get isReconfigured(): boolean {
    const { text, binary } = this.#client._types;
    return Object.keys(text).length + Object.keys(binary).length > 0;
  }

  /** Something may be left that was not seen here. */
  touch(): void {
    this.#leaves('anything');
  }

  /** A borrower is done: a statement of his that has failed a moment ago leaves doubt. */
  lentEnds(): void {
    if (!this.isIdle) this.#leaves('anything');
  }

  /** To be called when the session was reset, whole or in its sequences only. */
  forget(): void {
    this.#left = 'none';
    this.prepared.forget();
  }

  /** Makes the driver forget what the server has forgotten. */
  forgetStatements(): void {
    this.#connection.parsedStatements = {};
    this.#connection.submittedNamedStatements = {};
    this.#named.clear();
    this.#plans.forget();
  }

  get #isQuiet(): boolean {
    const { _activeQuery, _queryQueue, _sentQueryQueue = [], _ending } = this.#client;
    return !_activeQuery && _queryQueue.length === 0 && _sentQueryQueue.length === 0 && !_ending;
  }

  #sees(text: string): Traces {
    const traces = tracesOf(text);
    this.#leaves(traces);
    if (traces === 'anything' || traces === 'lasting') this.prepared.sees(text);
    if (READ_ONLY.test(text)) this.#mayBeReadOnly = true;
    return traces;
  }

  #leaves(traces: Traces): void {
    this.#left = more(this.#left, traces);
  }
}
