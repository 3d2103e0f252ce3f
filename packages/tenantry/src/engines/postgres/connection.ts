import type { QueryResult } from 'pg';
import type {
  BeginOptions,
  EngineConnection,
  Parameter,
  Row,
  StatementResult,
} from '../../engine/connection.js';
import { identityIn } from '../../engine/identity.js';
import type { LendOptions, LentClient } from '../../engine/lent-client.js';
import { NotSentError } from '../../engine/not-sent.js';
import { ownParameters } from '../../engine/parameters.js';
import type { DatabasePart, PlaceOptions } from '../../engine/place.js';
import { RebindFailedError } from '../../engine/rebind-failed.js';
import type { Identity } from '../../tenant/tenant.js';
import { ClientActivity } from './activity.js';
import type { Admission, Trouble } from './admission.js';
import { AdmissionWatch, type DatabaseNews } from './admission-watch.js';
import { bindingStatement, reseeding } from './binding.js';
import type { Client } from './driver.js';
import {
  endOf,
  isFailedWrite,
  isFatal,
  isServerAnswer,
  StatementCancelledError,
  TransactionStateError,
  wasNotTaken,
} from './errors.js';
import { noIdentity, READ_IDENTITY } from './identity.js';
import { lendClient, PgSender } from './lend.js';
import type { LentUse } from './lent-use.js';
import { OwedAnswers } from './owed-answers.js';
import { OWN_VALUES } from './own-values.js';
import { assertCountable, assertText, type Statement, sizeOf, toDriver } from './parameters.js';
import { READ_PART_IDENTITY } from './part-identity.js';
import { warnOfPrepared } from './prepared-transactions.js';
import { SessionWatch } from './session-watch.js';
import { StalePlans } from './stale-plans.js';
import { beginStatement } from './statement.js';
import { beganAnother } from './transaction-end.js';
import { Wire } from './wire.js';

const GOODBYE_MS = 1000;
const KEEPS_MEMORY = 'The database has languages or extensions whose memory no reset takes away.';
/** A statement up to this size goes to the system in one piece, taken whole or not at all. */
const ONE_WRITE_BYTES = 8192;

/** Command tags that count changed rows; SELECT and others count what they returned. */
const CHANGING: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** How pg calls back. */
type Answered = (error: Error | null | undefined, answer: QueryResult<Row>) => void;

/**
 * A connected client of pg.
 *
 * On a whole database it does not say which server instance it is on: the question is a round trip, as
 * reading the identity is, and a connection that stays there needs that proof once. So each one gives it,
 * also to a process that has not heard yet that its epoch is over. One that moves between the parts of a
 * database asks when it is opened.
 */
export class PostgresConnection implements EngineConnection {
  readonly database: string;
  readonly #client: Client;
  readonly #requestCancel: (timeoutMs: number) => Promise<void>;
  readonly #closed: Promise<void>;
  readonly #answers: OwedAnswers;
  readonly #watch: SessionWatch;
  readonly activity: ClientActivity;
  #instance: string | undefined;
  #admission: AdmissionWatch | undefined;
  #isOurs = false;
  /** Whose transaction is open: the one that was begun, or another's that began after its end. */
  #transaction: 'none' | 'ours' | 'another' = 'none';
  /** The part of the database to which the session is bound by the wire, ahead of its next statement. */
  #part: DatabasePart | undefined;
  #wire: Wire | undefined;
  readonly #lentUse: LentUse = {
    spoil: () => {
      this.#altered = true;
    },
    touch: () => this.#watch.touch(),
    flush: () => this.#wire?.flush(),
    untilAnswered: (error) => {
      const mayCome = isServerAnswer(error) && !isFatal(error) && this.#answers.count > 0;
      return mayCome ? this.#answers.all() : undefined;
    },
    ended: () => {
      this.#watch.lentEnds();
      if (this.#watch.isReconfigured) this.#altered = true;
    },
  };
  #sender: PgSender | undefined;
  /** Whether others than this object may use the client. */
  #wasLent = false;
  /** Set for good: the client was changed in a way that no reset undoes, or is still in somebody's hands. */
  #altered = false;
  #cancelled = false;
  /** Set when the end was asked for, so that it is no loss. */
  #isEnding = false;
  #lost: Error | undefined;
  /** As which it was lost where its binding failed. */
  #refusal: Error | undefined;
  #onLost: (error: Error) => void = () => {};

  /** `requestCancel` asks the server to cancel what this client runs; it never rejects. */
  constructor(client: Client, database: string, requestCancel: (timeoutMs: number) => Promise<void>) {
    this.database = database;
    this.#client = client;
    const plans = new StalePlans(client);
    this.#answers = new OwedAnswers(client);
    this.#watch = new SessionWatch(client, plans);
    this.activity = new ClientActivity(this.#answers, this.#watch);
    this.#requestCancel = requestCancel;
    client.on('error', (error) => this.#lose(error));
    this.#closed = new Promise((resolve) => {
      client.on('end', () => {
        this.#lose(new Error('The server closed the connection.'));
        this.#answers.end();
        resolve();
      });
    });
  }

  get instance(): string | undefined {
    return this.#instance;
  }

  /**
   * Binds the session to a part of the database, of which it is not yet known what is in it; to be called once,
   * on a connection that was just opened.
   */
  enter(part: DatabasePart, admission: Admission, news: DatabaseNews): void {
    const watch = new AdmissionWatch(this.#client, part, admission, news, this.#watch);
    this.#instance = admission.instance;
    this.#admission = watch;
    this.#wire = new Wire(this.#client, watch, (cause) => this.#refuse(watch.troubleIn(cause), cause));
    this.#bind(part, true);
  }

  /** To be called once, on a connection for this library's own work: the application's ways to read values do not hold. */
  readOwnValues(): void {
    this.#isOurs = true;
    Reflect.set(this.#client, 'binary', false);
  }

  rebind(database: string, { part }: PlaceOptions = {}): void {
    const isSameGroup = database === this.database && part?.isolation === this.#part?.isolation;
    if (!isSameGroup || part === undefined) {
      throw new NotSentError('The connection can only be moved within the parts of its database.');
    }
    if (!this.isClean()) throw new NotSentError('The connection is not clean, so it cannot be moved.');
    if (this.#admission?.keepsMemory) {
      throw new NotSentError(KEEPS_MEMORY);
    }
    // Whatever the texts were: what triggers, views and functions leave is in no text.
    this.#bind(part, true);
  }

  query(sql: string, params: readonly Parameter[] = []): Promise<StatementResult> {
    return this.#query(sql, params, this.#isOurs);
  }

  async #query(sql: string, params: readonly Parameter[], ours: boolean): Promise<StatementResult> {
    assertText(sql);
    const values = ownParameters(params);
    assertCountable(values);
    // The extended protocol carries exactly one statement. Without a semicolon there is no second one, and
    // the simple protocol takes one message instead of five.
    const { command, rowCount, rows } = await this.#run(
      values.length > 0 || sql.includes(';')
        ? {
            text: sql,
            values: values.map(toDriver),
            queryMode: 'extended',
            ...(ours && { types: OWN_VALUES }),
          }
        : ours
          ? { text: sql, types: OWN_VALUES }
          : sql,
    );
    if (this.#transaction === 'ours' && this.#isOpen && beganAnother(command, sql))
      this.#transaction = 'another';
    return { rows, affectedRows: CHANGING.has(command) ? (rowCount ?? 0) : 0, insertId: null };
  }

  /** Runs several statements in one implicit transaction, by the simple protocol. */
  async runScript(script: string): Promise<void> {
    assertText(script);
    await this.#run(script);
  }

  isInTransaction(): boolean {
    return this.#isOpen && this.#transaction !== 'another';
  }

  /** Whether a transaction is open, whole or failed, whoever began it. True when in doubt. */
  get #isOpen(): boolean {
    return this.#client.getTransactionStatus() !== 'I';
  }

  async begin(options?: BeginOptions): Promise<void> {
    const text = beginStatement(options);
    if (this.#isOpen && this.isAlive()) {
      throw new TransactionStateError('A transaction is open already; the server would only warn.');
    }
    this.#transaction = 'ours';
    await this.#run(text);
  }

  async commit(): Promise<void> {
    if (!this.isInTransaction() && this.isAlive()) {
      // The server would only warn, and the caller would take what was undone for done.
      throw new TransactionStateError(
        'There is no transaction to commit: one of its statements was COMMIT or ROLLBACK itself.',
      );
    }
    this.#transaction = 'none';
    const { command } = await this.#run('COMMIT');
    if (command === 'COMMIT') return;
    throw new TransactionStateError(
      'The transaction was rolled back instead of committed, because one of its statements had failed.',
      'transaction-failed',
    );
  }

  async rollback(): Promise<void> {
    this.#transaction = 'none';
    await this.#run('ROLLBACK');
  }

  lend({ raw = false }: LendOptions = {}): LentClient {
    if (raw) {
      this.#altered = true;
      return { client: this.#client, revoke: () => {} };
    }
    this.#wasLent = true;
    return lendClient(this.#client, this.#lentUse);
  }

  sender(): PgSender {
    this.#sender ??= new PgSender(this.#client, this.#lentUse);
    return this.#sender;
  }

  async currentDatabase(): Promise<string> {
    const { rows } = await this.#ask('SELECT pg_catalog.current_database()::pg_catalog.text AS name');
    return String(rows[0]?.name);
  }

  async readIdentity(): Promise<Identity | undefined> {
    try {
      const isolation = this.#part?.isolation;
      const { rows } = await this.#ask(isolation ? READ_PART_IDENTITY[isolation] : READ_IDENTITY);
      return rows[0] && identityIn(rows[0], this.database);
    } catch (error) {
      return noIdentity(error, this.database);
    }
  }

  /** A part's session by whatever ran in it: that a trigger, a view or a function has bound it anew is in no text. */
  isTouched(): boolean {
    return this.#watch.left !== 'none' || this.#wire?.isBinding === false;
  }

  /**
   * On a whole database it costs a round trip, about 40 µs on loopback, where a new connection takes 2,400.
   * On a part of one it is written ahead of the next statement, unless others may feel what is left, such
   * as a lock: then at once. Where nothing seems to be left it is bound again, and no more.
   */
  reset(): void | Promise<void> {
    if (this.#part === undefined) return this.#discard();
    const { left } = this.#watch;
    if (left === 'none') return this.#bind(this.#part, false);
    this.#bind(this.#part, true);
    return left === 'anything' ? this.ping() : undefined;
  }

  isClean(): boolean {
    if (this.#altered || this.#watch.left === 'lasting' || this.#isOpen || !this.isAlive()) return false;
    if (this.isReadOnly || this.hasPrepared) return false;
    if (this.#answers.count === 0) return this.#watch.isIdle;
    // A borrower is told of an error a moment before its answer is complete. The reset waits for that.
    return this.#wasLent && this.#answers.count === 1 && this.#watch.isEndingInError;
  }

  /** Whether transactions were prepared that nobody may have ended; they end when the connection is closed. */
  get hasPrepared(): boolean {
    return this.#watch.prepared.count > 0;
  }

  get isReadOnly(): boolean {
    return this.#watch.cannotWrite;
  }

  abandon(error: Error): void {
    // As the driver does where its connection has failed.
    (this.#client as unknown as { _errorAllQueries(error: Error): void })._errorAllQueries(error);
  }

  isAlive(): boolean {
    const { stream } = this.#client.connection;
    return !this.#isEnding && !this.#lost && stream.readable && stream.writable && !stream.destroyed;
  }

  onLost(listener: (error: Error) => void): void {
    const lost = this.#lost;
    if (lost === undefined) this.#onLost = listener;
    else queueMicrotask(() => listener(lost));
  }

  async ping(): Promise<void> {
    await this.#ask('SELECT 1');
  }

  async cancel(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    this.#cancelled = true;
    if (this.activity.isBusy && !this.#lost) {
      // The statement has ended when its answer is here, which may be a little after the request.
      const ended = this.#requestCancel(timeoutMs).then(() => this.#answers.all());
      await within(timeoutMs, ended);
    }
    this.destroy();
    await this.#closed;
  }

  async close(): Promise<void> {
    if (this.hasPrepared && this.isAlive()) {
      const undone = this.#watch.prepared.rollBack((sql) => this.#query(sql, [], true));
      await within(GOODBYE_MS, undone.catch(warnOfPrepared));
    }
    this.#isEnding = true;
    // The server keeps its end open until the backend is gone from its tables.
    await within(GOODBYE_MS, Promise.all([this.#client.end(), this.#closed]));
    this.destroy();
    await this.#closed;
  }

  destroy(): void {
    this.#isEnding = true;
    this.#client.connection.stream.destroy();
  }

  async #discard(): Promise<void> {
    const isWhole = this.#watch.left !== 'keys';
    // A message of its own: DISCARD ALL does not run inside of a transaction, and several statements are one.
    await this.#run(isWhole ? 'DISCARD ALL' : 'DISCARD SEQUENCES');
    if (isWhole) {
      await this.#run(reseeding());
      this.#watch.forgetStatements();
    }
    this.#watch.forget();
  }

  /** Asks something for this library's own sake. Who comes next is bound by what comes after that. */
  async #ask(sql: string): Promise<StatementResult> {
    const answer = await this.#query(sql, [], true);
    if (this.#part !== undefined && !this.#isOpen) this.#bind(this.#part, false);
    return answer;
  }

  #bind(part: DatabasePart, reset: boolean): void {
    this.#wire?.bindAhead(bindingStatement(part), reset);
    this.#part = part;
    if (!reset) return;
    this.#watch.forgetStatements();
    this.#watch.forget();
  }

  /** By the driver's callback: its promises are two more for each statement. */
  #run(statement: Statement): Promise<QueryResult<Row>> {
    if (!this.isAlive()) return Promise.reject(new NotSentError(undefined, { cause: this.#lost }));
    const wasIdle = this.#answers.count === 0;
    return new Promise((resolve, reject) => {
      const send = this.#client.query as (statement: Statement, callback: Answered) => void;
      send.call(this.#client, statement, (error, answer) => {
        if (!error && !this.#cancelled) resolve(answer);
        else void this.#failed(error ?? new StatementCancelledError(), statement, wasIdle).then(reject);
      });
    });
  }

  /** What a failed statement means; told when its answer has come to its end. */
  async #failed(error: unknown, statement: Statement, wasIdle: boolean): Promise<unknown> {
    if (isFatal(error) || wasNotTaken(error)) this.#lose(error as Error);
    // The driver tells of the error at once; only ReadyForQuery says how the transaction stands now.
    else if (isServerAnswer(error)) await this.#answers.all();
    return this.#statementFailure(error, wasIdle && sizeOf(statement) <= ONE_WRITE_BYTES);
  }

  #statementFailure(error: unknown, wasOneWrite: boolean): unknown {
    if (this.#refusal !== undefined) return this.#refusal;
    // It may have ended before anybody listened here: in the same moment in which it was ready.
    if (wasNotTaken(error)) return new NotSentError(undefined, { cause: error });
    if (isServerAnswer(error) || error instanceof StatementCancelledError || this.isAlive()) return error;
    if (wasOneWrite && isFailedWrite(error)) {
      return new NotSentError('The server had closed the connection when the statement was to be sent.', {
        cause: error,
      });
    }
    return endOf(error);
  }

  /** What was to come ahead of a statement has failed, so that the statement never ran. */
  #refuse(trouble: Trouble | undefined, cause: Error): void {
    this.#refusal =
      trouble === 'memory'
        ? new NotSentError(KEEPS_MEMORY, { cause })
        : (trouble ?? new RebindFailedError(this.database, { cause }));
    this.#lose(this.#refusal);
  }

  #lose(error: Error): void {
    if (this.#isEnding || this.#lost) return;
    this.#lost = error === this.#refusal ? error : endOf(error);
    this.#wire?.end();
    this.#client.connection.stream.destroy();
    this.#onLost(this.#lost);
  }
}

/** Waits for work, but not longer than this; the work goes on. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
