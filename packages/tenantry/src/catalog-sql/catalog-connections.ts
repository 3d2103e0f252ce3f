import type { EngineConnection } from '../engine/connection.js';
import type { ConnectionSource } from '../engine/connection-source.js';
import { NotSentError } from '../engine/not-sent.js';
import { AbortedError, type ErrorKind } from '../errors.js';
import { catalogError, catalogTimeout, kindOf, outcomeUnknown } from './catalog-error.js';
import type { CatalogPlace } from './catalog-place.js';
import { CatalogSql } from './catalog-sql.js';
import { Deadline, type Limits } from './deadline.js';
import { type SqlDialect, sqlDialects } from './sql-dialect.js';

/** How often a unit of work is begun in all where each failure left nothing behind. */
const MAX_ATTEMPTS = 5;

/** After these a fresh connection may do better. */
const LOST: ReadonlySet<ErrorKind> = new Set(['connection-lost', 'killed']);

/**
 * After these a transaction that was rolled back is worth another try. `unique-violation` is one of
 * them because the second try sees the row that was in the way and says what it means.
 */
const CONTENTION: ReadonlySet<ErrorKind> = new Set(['deadlock', 'unique-violation']);

/** After these the server has answered COMMIT with a refusal; any other failure may have come too late. */
const REFUSED: ReadonlySet<ErrorKind> = new Set([
  ...CONTENTION,
  'constraint-violation',
  'lock-timeout',
  'disk-full',
  'read-only',
]);

/** An error after which nothing of what was tried is there, so that it may be tried again. */
class NothingHappened extends Error {}

/** How far a unit of work has come. */
interface Progress {
  /** COMMIT was sent and not answered. */
  committing: boolean;
}

type Work<T> = (connection: EngineConnection, progress: Progress) => Promise<T>;

/**
 * Runs units of work on leased connections: each has one deadline, lease and retries included, and
 * gives its connection back or destroys it, whatever happens.
 */
export class CatalogConnections {
  readonly dialect: SqlDialect;
  readonly #place: CatalogPlace;
  readonly #source: ConnectionSource;
  readonly #timeoutMs: number;

  constructor(place: CatalogPlace, source: ConnectionSource, timeoutMs: number) {
    this.#place = place;
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.dialect = sqlDialects[place.server.engine.capabilities.dialect];
  }

  /** One statement, or several, that only read. Runs again on another connection if one was lost. */
  read<T>(work: (sql: CatalogSql) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#run({ timeoutMs: this.#timeoutMs, signal }, (connection) =>
      this.#mayRepeat(LOST, () => work(this.#on(connection))),
    );
  }

  /** One statement that writes, without a transaction around it. */
  writeOne<T>(work: (sql: CatalogSql) => Promise<T>): Promise<T> {
    return this.#run({ timeoutMs: this.#timeoutMs }, (connection) =>
      this.#mayRepeat(CONTENTION, () => work(this.#on(connection))),
    );
  }

  /** A short transaction. It runs again only where it was certainly rolled back. */
  transaction<T>(work: (sql: CatalogSql) => Promise<T>, limits: Partial<Limits> = {}): Promise<T> {
    return this.#run({ timeoutMs: this.#timeoutMs, ...limits }, (connection, progress) =>
      this.#transact(connection, progress, work),
    );
  }

  /** A connection for work that may leave traces in it; it is destroyed afterwards. */
  once<T>(work: (sql: CatalogSql) => Promise<T>, limits: Limits): Promise<T> {
    return this.#run(
      limits,
      (connection) => this.#mayRepeat(CONTENTION, () => work(this.#on(connection))),
      true,
    );
  }

  #on(connection: EngineConnection): CatalogSql {
    return new CatalogSql(connection, this.dialect);
  }

  async #run<T>(limits: Limits, work: Work<T>, destroy = false): Promise<T> {
    const deadline = new Deadline(limits);
    const progress: Progress = { committing: false };
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#lease(deadline, (connection) => work(connection, progress), destroy);
        } catch (error) {
          if (progress.committing) throw outcomeUnknown(this.#place, error);
          if (deadline.reason !== undefined) throw this.#overdue(deadline, limits, error);
          if (!(error instanceof NothingHappened)) throw catalogError(error, this.#place);
          if (attempt === MAX_ATTEMPTS) throw catalogError(error.cause, this.#place);
        }
      }
    } finally {
      deadline.end();
    }
  }

  async #lease<T>(
    deadline: Deadline,
    work: (connection: EngineConnection) => Promise<T>,
    destroy: boolean,
  ): Promise<T> {
    const lease = await this.#source.acquire({ signal: deadline.signal });
    try {
      return await deadline.race(work(lease.connection));
    } finally {
      // A statement may still be under way when the deadline fired: destroying makes it reject.
      if (destroy || deadline.reason !== undefined) lease.destroy();
      else lease.release();
    }
  }

  async #mayRepeat<T>(kinds: ReadonlySet<ErrorKind>, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#is(kinds, error) ? new NothingHappened('', { cause: error }) : error;
    }
  }

  async #transact<T>(
    connection: EngineConnection,
    progress: Progress,
    work: (sql: CatalogSql) => Promise<T>,
  ): Promise<T> {
    const { isolationLevel } = this.dialect;
    await this.#mayRepeat(LOST, () =>
      connection.begin(isolationLevel === undefined ? {} : { isolationLevel }),
    );
    let result: T;
    try {
      result = await work(this.#on(connection));
    } catch (error) {
      const rolledBack = await connection.rollback().then(
        () => connection.isClean(),
        () => false,
      );
      throw rolledBack && this.#is(CONTENTION, error) ? new NothingHappened('', { cause: error }) : error;
    }
    progress.committing = true;
    try {
      await connection.commit();
    } catch (error) {
      if (this.#is(REFUSED, error)) progress.committing = false;
      throw this.#is(CONTENTION, error) ? new NothingHappened('', { cause: error }) : error;
    }
    progress.committing = false;
    return result;
  }

  #is(kinds: ReadonlySet<ErrorKind>, error: unknown): boolean {
    return error instanceof NotSentError || kinds.has(kindOf(error, this.#place));
  }

  #overdue(deadline: Deadline, limits: Limits, cause: unknown): Error {
    if (deadline.reason === 'aborted') {
      return new AbortedError('The caller gave up waiting for the catalog.', { cause });
    }
    return catalogTimeout(this.#place, limits.signal?.aborted ? undefined : limits.timeoutMs, cause);
  }
}
