import type { Socket } from 'node:net';
import type { Connection } from 'mysql2';
import type {
  Activity,
  BeginOptions,
  EngineConnection,
  Parameter,
  StatementResult,
} from '../../engine/connection.js';
import type { LendOptions, LentClient } from '../../engine/lent-client.js';
import { NotSentError } from '../../engine/not-sent.js';
import { ownParameters } from '../../engine/parameters.js';
import type { Identity } from '../../tenant/tenant.js';
import { waitFor } from './deadline.js';
import { type Driver, forgetCredentials } from './driver.js';
import {
  connectionLost,
  type DriverError,
  isServerReply,
  statementCancelled,
  statementFailed,
} from './errors.js';
import { assertIdentifier } from './identifiers.js';
import { readIdentity } from './identity.js';
import { Lender, type MysqlSender } from './lend.js';
import { unsafeToEscape } from './lent-values.js';
import { TIME_ZONE } from './options.js';
import { OwnTransaction } from './own-transaction.js';
import { readResult } from './results.js';
import { askServer, recognizeServer, SESSION_SETUP, type ServerFacts } from './session-setup.js';
import { bindParameters } from './statement.js';
import { isOpen } from './status.js';
import { tracesOf } from './traces.js';
import { Wire } from './wire.js';
import { rollBackPrepared, warnOfPrepared } from './xa.js';

const GOODBYE_MS = 1000;
/** How long the server's defaults are taken to be what they were when a connection was opened. */
const DEFAULTS_HOLD_MS = 60_000;

/** Cancels the running statement of another connection; rejects if it could not. */
export type KillStatement = (connectionId: number, timeoutMs: number) => Promise<void>;

/** mysql2 reports success with null, or with nothing at all. */
type Done<T> = (error?: Error | null, result?: T) => void;

/** One mysql2 connection. It speaks the text protocol, so no prepared statement outlives its use. */
export class MysqlConnection implements EngineConnection {
  readonly #client: Connection;
  readonly #escape: Driver['escape'];
  readonly #killStatement: KillStatement;
  readonly #wire: Wire;
  /** The socket under TLS, if there is TLS; else the client's stream itself. */
  readonly #socket: Socket;
  /** One entry for each command under way: what makes it fail when the connection ends. */
  readonly #underWay = new Set<(error: Error) => void>();
  /** Called when nothing is under way any more. */
  #whenQuiet: () => void = () => {};
  #database: string;
  #facts: ServerFacts | undefined;
  /** Until when, by `performance.now()`, a reset is known to leave a session as ours are. */
  #movableUntil = 0;
  readonly #lostListeners: ((error: Error) => void)[] = [];
  #ended: Error | undefined;
  #endExpected = false;
  /** Made when the client is lent for the first time: from then on others may use it. */
  #lender: Lender | undefined;
  /** Set for good: the client was changed in a way that no reset undoes, or is still in somebody's hands. */
  #altered = false;
  #cancelled = false;
  /** Whether a session keeps a distributed transaction that it has prepared until the end, and the server beyond it. */
  #keepsPrepared = false;
  readonly #transaction: OwnTransaction;

  /** Takes over a client that has just begun to connect. */
  constructor(driver: Driver, client: Connection, database: string, killStatement: KillStatement) {
    this.#client = client;
    this.#database = database;
    this.#escape = driver.escape;
    this.#killStatement = killStatement;
    this.#socket = streamOf(client);
    // First of all, so that no event of the client is ever without a listener.
    client.on('error', (error: Error) => this.#end(error));
    client.on('end', () => this.#end(connectionLost('The server closed the connection.')));
    this.#socket.once('close', () => this.#end(connectionLost('The connection was closed.')));
    this.#wire = new Wire(client, (error) => this.#end(error));
    this.#transaction = new OwnTransaction(this.#wire, (sql) => this.#run(sql));
  }

  /** Waits for the handshake, looks at the server and sets the session up. To be called once, before anything else. */
  async establish(): Promise<void> {
    const { serverVersion } = await this.#command<{ readonly serverVersion: string }>(
      (done) => void this.#client.once('connect', (handshake) => done(null, handshake)),
    );
    forgetCredentials(this.#client);
    this.#wire.status.begin();
    const kind = recognizeServer(serverVersion);
    // MariaDB is asked first, because often there is nothing to set.
    if (!kind.isMariaDb) {
      if (kind.pipelines) this.#wire.sendAhead(SESSION_SETUP);
      else await this.#run(SESSION_SETUP);
    }
    const facts = await askServer(kind, async (sql) => (await this.#run(sql)).rows[0] ?? {});
    if (kind.isMariaDb) for (const sql of facts.setup) await this.#run(sql);
    this.#facts = facts;
    this.#wire.forgetTraces();
    this.#wire.prepareMoves(facts);
    this.#keepsPrepared = kind.isMariaDb;
    if (!kind.pipelines || !facts.resetsFully) return;
    // Shortened at random, so that connections which were opened together do not end together.
    const holdMs =
      facts.setup.length > 0 ? Number.POSITIVE_INFINITY : DEFAULTS_HOLD_MS * (1 - Math.random() / 4);
    this.#movableUntil = performance.now() + holdMs;
  }

  get database(): string {
    return this.#database;
  }

  get instance(): string {
    return this.#facts?.instance ?? '';
  }

  rebind(database: string): void {
    assertIdentifier(database);
    if (!this.isClean()) throw new NotSentError('The connection is not clean, so it cannot be moved.');
    if (performance.now() > this.#movableUntil) {
      throw new NotSentError('A reset might not leave the session of this connection as it has to be.');
    }
    this.#wire.moveAhead(database);
    this.#database = database;
  }

  async query(sql: string, params: readonly Parameter[] = []): Promise<StatementResult> {
    const bound = this.#bind(sql, ownParameters(params));
    // By its text without the values, which is the same each time.
    this.#wire.leaves(tracesOf(sql));
    const transaction = this.#transaction;
    if (!transaction.mayEndBy(sql)) return this.#run(sql, bound);
    return transaction.watch(() => this.#run(sql, bound));
  }

  begin(options?: BeginOptions): Promise<void> {
    return this.#transaction.begin(options);
  }

  commit(): Promise<void> {
    return this.#transaction.commit();
  }

  rollback(): Promise<void> {
    return this.#transaction.rollback();
  }

  lend({ raw = false }: LendOptions = {}): LentClient {
    if (!raw) return this.#ownLender().lend();
    this.#altered = true;
    return { client: this.#client, revoke: () => {} };
  }

  sender(): MysqlSender | undefined {
    return this.isAlive() ? this.#ownLender().sender : undefined;
  }

  async currentDatabase(): Promise<string> {
    const { rows } = await this.#run('SELECT DATABASE() AS name');
    const name = String(rows[0]?.name ?? '');
    // Such a server folds the names that it is given, so both mean the same database.
    const same = this.#facts?.foldsNames && name.toLowerCase() === this.#database.toLowerCase();
    return same ? this.#database : name;
  }

  readIdentity(): Promise<Identity | undefined> {
    return readIdentity((sql) => this.#run(sql), this.#database);
  }

  isInTransaction(): boolean {
    return this.#transaction.isOpen;
  }

  isTouched(): boolean {
    return this.#wire.left !== 'none';
  }

  /**
   * Resets the session as a move to the same database does. What only this session can see is taken away
   * ahead of its next statement; what others may feel, such as a lock, at once.
   */
  reset(): void | Promise<void> {
    const { left } = this.#wire;
    this.rebind(this.#database);
    return left === 'values' ? undefined : this.ping();
  }

  isClean(): boolean {
    const { left, status, isIdle } = this.#wire;
    if (
      status.cannotWrite ||
      this.#altered ||
      left === 'lasting' ||
      this.#underWay.size > 0 ||
      !isIdle ||
      !this.isAlive()
    )
      return false;
    // Nobody asks how the transaction stands after a borrower's statement has failed. One that could have begun
    // a transaction, a CALL, is reset at once.
    if (this.#lender !== undefined && status.endedInError) return true;
    return status.flags !== undefined && !isOpen(status.flags);
  }

  get isReadOnly(): boolean {
    return this.#wire.status.cannotWrite;
  }

  get activity(): Activity {
    return this.#wire;
  }

  abandon(error: Error): void {
    this.#wire.abandon(error);
  }

  isAlive(): boolean {
    if (this.#ended !== undefined || this.#endExpected || hasFailed(this.#client)) return false;
    const stream = streamOf(this.#client);
    return stream.readable && stream.writable && !this.#socket.destroyed;
  }

  onLost(listener: (error: Error) => void): void {
    if (this.#ended === undefined) this.#lostListeners.push(listener);
    else if (!this.#endExpected) queueMicrotask(listener.bind(undefined, this.#ended));
  }

  async ping(): Promise<void> {
    await this.#command((done) => this.#client.ping((error) => done(error)));
  }

  async cancel(timeoutMs: number): Promise<void> {
    const busy = this.#isUnderWay && this.isAlive();
    this.#expectEnd();
    this.#cancelled = true;
    try {
      if (busy) await waitFor(this.#cancelAtServer(timeoutMs), { timeoutMs });
    } catch {
      // Whoever cancels wants the connection gone; the statement may run on at the server.
    }
    this.destroy();
  }

  async close(): Promise<void> {
    if (this.#mayHavePrepared()) {
      await waitFor(
        rollBackPrepared((sql) => this.#run(sql)),
        { timeoutMs: GOODBYE_MS },
      ).catch(warnOfPrepared);
    }
    const idle = this.#underWay.size === 0 && this.isAlive();
    this.#expectEnd();
    if (idle) {
      const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
      this.#wire.dropPending();
      this.#client.end();
      await waitFor(closed, { timeoutMs: GOODBYE_MS }).catch(() => {});
    }
    this.destroy();
  }

  destroy(): void {
    this.#expectEnd();
    this.#end(connectionLost('The connection was destroyed before the reply came.'));
  }

  /**
   * Whether a distributed transaction may be prepared here: a transaction is open, and it is not known that none of
   * the statements was another one's. It would outlive the connection, with its locks.
   */
  #mayHavePrepared(): boolean {
    const isOpen = !this.#transaction.isOurs && this.isInTransaction();
    return (
      this.#keepsPrepared && isOpen && this.#wire.left !== 'none' && this.#wire.isQuiet && this.isAlive()
    );
  }

  #ownLender(): Lender {
    this.#lender ??= new Lender(this.#client, this.#wire, () => {
      this.#altered = true;
    });
    return this.#lender;
  }

  async #cancelAtServer(timeoutMs: number): Promise<void> {
    // While the connection is being moved, a reset would swallow the kill.
    await this.#wire.answered();
    if (this.#isUnderWay) await this.#killStatement(this.#client.threadId, timeoutMs);
    // The reply tells that the statement is over, and by which of the two.
    await new Promise<void>((resolve) => {
      if (this.#underWay.size === 0) resolve();
      else this.#whenQuiet = resolve;
    });
    await this.#wire.abandoned();
  }

  /** Whether the server has something to do, for a borrower or for this object. */
  get #isUnderWay(): boolean {
    return this.#underWay.size > 0 || !this.#wire.status.isComplete;
  }

  #bind(sql: string, params: readonly Parameter[]): string {
    const trouble = params.length === 0 ? undefined : this.#wire.escapingTrouble;
    if (trouble !== undefined) throw unsafeToEscape(trouble);
    return bindParameters(sql, params, (value) =>
      this.#escape(value instanceof Uint8Array ? asBuffer(value) : value, true, TIME_ZONE),
    );
  }

  async #run(sql: string, bound: string = sql): Promise<StatementResult> {
    try {
      const reply = await this.#command<[unknown, unknown]>((done) => {
        this.#wire.sendJudged(() =>
          this.#client.query(bound, (error: Error | null, results: unknown, fields: unknown) =>
            done(error, [results, fields]),
          ),
        );
      });
      return readResult(...reply);
    } catch (error) {
      if (isServerReply(error)) await this.#askForStatus();
      throw error instanceof NotSentError ? error : statementFailed(error as DriverError, sql);
    }
  }

  /** An error packet carries no status, and a failed statement may have opened a transaction: ask. */
  async #askForStatus(): Promise<void> {
    if (this.#underWay.size > 0 || !this.isAlive()) return;
    // Unanswered, the status stays unknown, which is never clean.
    await this.ping().catch(() => {});
  }

  #command<T = void>(send: (done: Done<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.isAlive() && !this.#connecting()) {
        reject(new NotSentError(undefined, { cause: this.#ended }));
        return;
      }
      this.#underWay.add(reject);
      send((error, result) => {
        if (!this.#underWay.delete(reject)) return;
        if (error !== null && error !== undefined) reject(error);
        // MariaDB answers a cancelled SLEEP() or BENCHMARK() with a row.
        else if (this.#cancelled) reject(statementCancelled());
        else resolve(result as T);
        if (this.#underWay.size === 0) this.#whenQuiet();
      });
    });
  }

  #expectEnd(): void {
    this.#endExpected = true;
    this.#wire.expectEnd();
  }

  #connecting(): boolean {
    return this.#ended === undefined && this.#socket.connecting;
  }

  #end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#wire.end();
    streamOf(this.#client).destroy();
    this.#socket.destroy();
    for (const fail of this.#underWay) fail(error);
    this.#underWay.clear();
    this.#whenQuiet();
    if (this.#endExpected) return;
    for (const listener of this.#lostListeners) listener(error);
  }
}

/** The client's stream: the socket, or TLS over it. Its type leaves it out. */
function streamOf(client: Connection): Socket {
  return (client as unknown as { readonly stream: Socket }).stream;
}

/** Whether the driver has met an error after which it takes no command, though it has not told of an end yet. */
function hasFailed(client: Connection): boolean {
  const { _fatalError, _protocolError } = client as unknown as Record<string, unknown>;
  return Boolean(_fatalError ?? _protocolError);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
