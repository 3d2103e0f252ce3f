import type { BeginOptions, Parameter, StatementResult } from '../../../engine/connection.js';
import { outOfResources } from '../../../engine/lazy-package.js';
import type { LentClient } from '../../../engine/lent-client.js';
import { NotSentError } from '../../../engine/not-sent.js';
import { ownParameters } from '../../../engine/parameters.js';
import { InvalidOptionError } from '../../../errors.js';
import type { Identity } from '../../../tenant/tenant.js';
import { SqliteEngineError } from '../errors.js';
import { FileProof } from '../file-proof.js';
import { readIdentity } from '../identity.js';
import type { SqliteOptions, WorkerKind } from '../options.js';
import type { ScriptConnection } from '../script-connection.js';
import type { StatementRule } from '../statement-rules.js';
import { startHost, type WorkerHost } from './host.js';
import { unpackError } from './packed-error.js';
import {
  type OpenedFile,
  READY,
  type WorkerCalls,
  type WorkerReply,
  type WorkerRequest,
} from './protocol.js';

/** Milliseconds that a worker has to close by itself. */
const CLOSE_MS = 1000;

/** Somebody who waits for an answer. */
interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A connection whose handle is in a thread or a process of its own: a slow statement does not stop this
 * program's event loop. Statements and their results are as in process; an error of the driver keeps its
 * name, message and code and loses its class.
 */
export class WorkerConnection implements ScriptConnection {
  readonly database: string;
  readonly #host: WorkerHost;
  readonly #pending = new Map<number, Pending>();
  readonly #onLost: ((error: Error) => void)[] = [];
  readonly #started: Promise<void>;
  readonly #exited: Promise<void>;
  #proof: FileProof | undefined;
  #lastId = 0;
  #isClean = true;
  #isInTransaction = false;
  #isEnded = false;
  #failure: Error | undefined;

  /** Starts the worker; {@link open} makes a connection of it. */
  constructor(kind: WorkerKind, database: string) {
    this.database = database;
    let onReady = () => {};
    let onExit = () => {};
    this.#started = new Promise((resolve) => {
      onReady = resolve;
    });
    this.#exited = new Promise((resolve) => {
      onExit = resolve;
    });
    this.#host = startHost(kind, {
      onMessage: (message) => (message === READY ? onReady() : this.#receive(message as WorkerReply)),
      onExit: (cause) => {
        this.#lost(new SqliteEngineError('connection-lost', 'The worker of the database ended.', { cause }));
        onReady();
        onExit();
      },
    });
  }

  /** Resolves when the worker has loaded; rejects with kind `unreachable` if it could not be started. */
  async started(): Promise<void> {
    await this.#started;
    const cause = this.#failure;
    if (cause === undefined) return;
    const reason = cause.cause ?? cause;
    throw (
      outOfResources(reason, 'The worker could not be started') ??
      new SqliteEngineError(
        'unreachable',
        `The worker could not be started: ${reason instanceof Error ? reason.message : cause.message}`,
        { cause },
      )
    );
  }

  /** Opens the file, once. `timeoutMs`: for the wait for a lock. */
  async open(options: SqliteOptions, timeoutMs: number, create: boolean): Promise<void> {
    const { path, file } = (await this.#call(
      'open',
      options,
      this.database,
      timeoutMs,
      create,
    )) as OpenedFile;
    this.#proof = new FileProof(path, file);
  }

  async query(sql: string, params: readonly Parameter[] = []): Promise<StatementResult> {
    // Before a message makes something else of them.
    const result = (await this.#call('query', sql, ownParameters(params))) as StatementResult;
    for (const row of result.rows) {
      for (const column in row) {
        const value = row[column];
        // A message makes plain bytes of a Buffer.
        if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
          row[column] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        }
      }
    }
    return result;
  }

  async runOfScript(rule: StatementRule): Promise<void> {
    await this.#call('runOfScript', rule);
  }

  async begin(options: BeginOptions = {}): Promise<void> {
    await this.#call('begin', options);
  }

  async commit(): Promise<void> {
    await this.#call('commit');
  }

  async rollback(): Promise<void> {
    await this.#call('rollback');
  }

  isInTransaction(): boolean {
    return this.#isInTransaction;
  }

  async currentDatabase(): Promise<string> {
    return (await this.#call('currentDatabase')) as string;
  }

  readIdentity(): Promise<Identity | undefined> {
    return readIdentity(this);
  }

  async ping(): Promise<void> {
    await this.#call('ping');
  }

  /** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`): the driver's handle is not in this thread. */
  lend(): LentClient {
    throw new InvalidOptionError("The driver's handle of this database is in a worker.", {
      hint: 'Use sessions, or leave "worker" out of the sqlite URL.',
    });
  }

  isTouched(): boolean {
    return false;
  }

  reset(): void {}

  isClean(): boolean {
    return !this.#isEnded && this.#isClean && this.#pending.size === 0;
  }

  isAlive(): boolean {
    if (this.#isEnded) return false;
    if (this.#proof?.holds()) return true;
    this.destroy();
    return false;
  }

  onLost(listener: (error: Error) => void): void {
    this.#onLost.push(listener);
  }

  /** A process is killed in the middle of its statement, which SQLite undoes; a thread's runs to its end. */
  async cancel(timeoutMs: number): Promise<void> {
    this.destroy();
    await this.#exitWithin(timeoutMs);
  }

  async close(): Promise<void> {
    if (this.#pending.size > 0) this.destroy();
    else if (!this.#isEnded) {
      this.#end();
      this.#host.end();
    }
    await this.#exitWithin(CLOSE_MS);
    this.#host.kill();
  }

  destroy(): void {
    if (this.#isEnded) return;
    this.#end();
    this.#host.kill();
  }

  #call<Call extends keyof WorkerCalls>(call: Call, ...args: WorkerCalls[Call]): Promise<unknown> {
    if (this.#isEnded) return Promise.reject(new NotSentError());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // Throws for what no message can carry; then nothing was sent.
      this.#host.send({ id, call, args } as WorkerRequest);
      if (this.#pending.size === 0) this.#host.hold(true);
      this.#pending.set(id, { resolve, reject });
    });
  }

  #receive({ id, value, error, isClean, isAlive, isInTransaction }: WorkerReply): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#host.hold(false);
    this.#isClean = isClean;
    this.#isInTransaction = isInTransaction;
    const reason = error && unpackError(error);
    if (reason === undefined) pending.resolve(value);
    else pending.reject(reason);
    if (!isAlive && this.#proof !== undefined) {
      this.#lost(reason ?? new SqliteEngineError('connection-lost', 'The worker closed the database.'));
      this.#host.end();
    }
  }

  /** Ends without having been asked to. */
  #lost(error: Error): void {
    if (this.#isEnded) return;
    this.#failure = error;
    this.#end(error);
    for (const listener of this.#onLost.splice(0)) listener(error);
  }

  #end(reason?: Error): void {
    this.#isEnded = true;
    for (const { reject } of this.#pending.values()) {
      reject(reason ?? new SqliteEngineError('connection-lost', 'The connection was ended meanwhile.'));
    }
    this.#pending.clear();
    this.#host.hold(false);
  }

  /** Waits for the worker's end; holds the program until then. */
  async #exitWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#exited, timeUp]);
    clearTimeout(timer);
  }
}
