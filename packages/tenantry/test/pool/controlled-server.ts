import { parseAddress } from '../../src/engine/address.js';
import { capabilities, type EngineCapabilities } from '../../src/engine/capabilities.js';
import type { EngineConnection } from '../../src/engine/connection.js';
import type { Engine, EngineServer } from '../../src/engine/engine.js';
import { NotSentError } from '../../src/engine/not-sent.js';
import type { ErrorKind } from '../../src/errors.js';
import type { PoolTarget } from '../../src/pool/target.js';

/**
 * A server whose every step the test decides. Only for interleavings that no real server can be
 * made to produce on demand; what engines really do is shown by the conformance suite.
 */
export class ControlledServer implements EngineServer {
  readonly address = parseAddress('mysql://nobody@nowhere');
  readonly engine: Engine;
  /** Attempts that have not been decided yet, oldest first. */
  readonly attempts: Attempt[] = [];
  readonly connections: ControlledConnection[] = [];
  /** Whether attempts succeed, and connections close, by themselves. */
  automatic = true;
  /** What a failed attempt means. */
  kind: ErrorKind = 'unreachable';
  /** How many sessions the server itself takes. */
  limit = Number.POSITIVE_INFINITY;
  /** How many it takes to single databases, each of which has a user of its own. */
  readonly limits = new Map<string, number>();
  /** What every attempt fails with. */
  failure: Error | undefined;
  /** For which databases it was asked. */
  readonly opens: string[] = [];
  /** Attempts that it refused for that. */
  refusals = 0;
  sessions = 0;
  mostSessions = 0;

  constructor(own: Partial<EngineCapabilities> = {}) {
    this.engine = {
      name: 'mysql',
      capabilities: capabilities({ dialect: 'mysql', cancel: true, ...own }),
      server: () => this,
      classifyError: (error) => (error instanceof TooManyError ? 'too-many-connections' : this.kind),
      limitOf: (error) => (error instanceof TooManyOfUserError ? 'user' : undefined),
      quoteIdentifier: (name) => name,
      isRead: () => false,
      sharingGroup: (_, { credentials }) => (own.rebind ? (credentials?.user ?? '') : undefined),
    };
  }

  open(database: string): Promise<EngineConnection> {
    this.opens.push(database);
    const { failure } = this;
    if (failure !== undefined) return Promise.reject(failure);
    const own = this.limits.get(database) ?? Number.POSITIVE_INFINITY;
    if (this.connections.filter((each) => each.database === database && !each.closed).length >= own) {
      this.refusals++;
      return Promise.reject(new TooManyOfUserError('Too many connections of this user'));
    }
    if (this.sessions >= this.limit) {
      this.refusals++;
      return Promise.reject(new TooManyError('Too many connections'));
    }
    this.count(+1);
    return new Promise((resolve, reject) => {
      const attempt: Attempt = {
        database,
        succeed: () => {
          this.attempts.splice(this.attempts.indexOf(attempt), 1);
          const connection = new ControlledConnection(database, this);
          this.connections.push(connection);
          resolve(connection);
          return connection;
        },
        fail: () => {
          this.attempts.splice(this.attempts.indexOf(attempt), 1);
          this.count(-1);
          reject(new Error('connect ECONNREFUSED'));
        },
      };
      this.attempts.push(attempt);
      if (this.automatic) attempt.succeed();
    });
  }

  provisioning(): never {
    throw new Error('not needed here');
  }

  count(change: number): void {
    this.sessions += change;
    this.mostSessions = Math.max(this.mostSessions, this.sessions);
  }
}

class TooManyError extends Error {}

/** How a server refuses one user more than it may have. */
class TooManyOfUserError extends TooManyError {}

interface Attempt {
  readonly database: string;
  succeed(): ControlledConnection;
  fail(): void;
}

export class ControlledConnection implements EngineConnection {
  clean = true;
  touched = false;
  resets = 0;
  alive = true;
  closed = false;
  #lost: ((error: Error) => void) | undefined;
  #finishClosing: (() => void) | undefined;

  constructor(
    public database: string,
    private readonly server: ControlledServer,
  ) {}

  readonly instance = 'the only one';
  /** Moved so often, each with the engine's full reset. */
  moves = 0;
  rebind?: NonNullable<EngineConnection['rebind']> = (database: string) => {
    if (!this.clean) throw new NotSentError();
    this.moves++;
    this.database = database;
  };
  query = () => Promise.resolve({ rows: [], affectedRows: 0, insertId: null });
  begin = () => Promise.resolve();
  commit = () => Promise.resolve();
  rollback = () => Promise.resolve();
  currentDatabase = () => Promise.resolve(this.database);
  readIdentity = () => Promise.resolve(undefined);
  isClean = () => this.clean && this.alive;
  isInTransaction = () => false;
  isAlive = () => this.alive;
  lend = () => ({ client: {}, revoke: () => {} });
  isTouched = () => this.touched;

  reset(): void | Promise<void> {
    this.resets++;
    this.touched = false;
  }
  pings = 0;
  /** Whether it leads nowhere, without a word. */
  silent = false;
  #failPing: (error: Error) => void = () => {};

  ping(): Promise<void> {
    this.pings++;
    return this.silent ? new Promise((_, reject) => (this.#failPing = reject)) : Promise.resolve();
  }

  onLost(listener: (error: Error) => void): void {
    this.#lost = listener;
  }

  /** The server ends it. */
  lose(): void {
    this.alive = false;
    this.#lost?.(new Error('gone'));
  }

  cancel(): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#finishClosing = () => {
        if (!this.closed) this.server.count(-1);
        this.closed = true;
        this.alive = false;
        resolve();
      };
      if (this.server.automatic) this.#finishClosing();
    });
  }

  /** Lets a close that waits come to its end. */
  finishClosing(): void {
    this.#finishClosing?.();
  }

  destroy(): void {
    this.alive = false;
    this.#failPing(new Error('destroyed'));
  }
}

/** A target that needs no proof. */
export function target(key: string, epoch = 1): PoolTarget {
  return {
    key,
    label: key,
    epoch,
    database: key,
    place: {},
    certifiedOn: new Set(),
    certify: () => Promise.resolve(),
  };
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
