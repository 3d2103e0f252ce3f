import type { PoolConnection } from 'mysql2';
import { leavableStream, type MysqlSender, noAddress } from '../../engines/mysql/index.js';
import { AbortedError, ClosedError, NotSupportedError } from '../../errors.js';
import { emitOutside } from '../../input/outside-contexts.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import { assertTenantOption } from '../../input/tenant-option.js';
import {
  assertUseLimits,
  type ClientLease,
  type Clients,
  type IdleSender,
  leftOpenBy,
  TenantClients,
  type UseLimits,
} from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import type { TenantRef } from '../../tenant/ref.js';
import { type Callback, type Command, createCommand, PoolBase, poolConfig } from './mysql2.js';
import { type MysqlPoolOptions, OUR_VALUES, type ValueOptions, valueOptions } from './pool-options.js';

/** What a pool tells of its connections. */
const CONNECTION_EVENTS = ['connection', 'acquire', 'release'] as const;

/**
 * A mysql2 `Pool` without connections of its own: each that it gives out is a lease of the tenant's. What
 * was left in one is gone with it, so each counts as new when it is given out.
 */
export class TenantPool extends PoolBase {
  readonly #tenancy: Tenancy;
  readonly #tenant: TenantRef | undefined;
  readonly #raw: boolean;
  readonly #limits: UseLimits;
  /** What the configuration says otherwise than our connections do. */
  readonly #values: ValueOptions;
  readonly #hasValues: boolean;
  readonly #ending = new AbortController();

  /** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) if `tenant` is given and is no name. */
  constructor(tenancy: Tenancy, options: MysqlPoolOptions = {}) {
    assertTenancy('mysqlPool', tenancy);
    assertTenantOption(options);
    super({ config: poolConfig({ ...OUR_VALUES, ...valueOptions(options) }) });
    const { connectionConfig } = this.config;
    Object.assign(connectionConfig, { stream: noAddress });
    this.#values = Object.fromEntries(
      Object.keys(valueOptions(options)).map((name) => [name, Reflect.get(connectionConfig, name)]),
    );
    this.#hasValues = Object.keys(this.#values).length > 0;
    this.#tenancy = tenancy;
    this.#tenant = options.tenant;
    this.#raw = options.raw === true;
    this.#limits = assertUseLimits('mysqlPool', options);
  }

  override getConnection(callback: (error: unknown, connection?: PoolConnection) => void): void {
    this.#checkOut(
      true,
      (connection) => callback(null, connection),
      (error) => callback(error),
    );
  }

  releaseConnection(connection: PoolConnection): void {
    connection.release();
  }

  query(...args: unknown[]): Command {
    const command = createCommand(this.config, args);
    const { onResult } = command;
    if (onResult !== undefined) command.onResult = calledLater(onResult);
    // Its caller asks for its rows before it has a connection.
    else command.stream = leavableStream;
    this.#run(
      (connection) => connection.query(command),
      (error) => (command.onResult === undefined ? command.emit('error', error) : command.onResult(error)),
      onResult !== undefined,
    );
    return command;
  }

  execute(sql: unknown, values: unknown, callback: Callback = () => {}): void {
    const [list, own] = typeof values === 'function' ? [[], values as Callback] : [values, callback];
    this.#run((connection) => connection.execute(sql, list, own), own, true);
  }

  /** Listeners have no tenant in context. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    return emitOutside(this, event, args);
  }

  /** Closes this pool and none of the connections: nobody gets one from it any more. */
  end(callback?: () => void): void {
    this._closed = true;
    this.#ending.abort();
    if (typeof callback === 'function') process.nextTick(callback);
  }

  /**
   * Runs one command on a connection, which is given back when the command has come to its end. Without a
   * callback the driver tells of a loss to the connection only.
   */
  #run(send: (connection: Sender) => Command, fail: (error: unknown) => void, hasCallback: boolean): void {
    const start = (connection: Sender, ends: Ends) => {
      try {
        // The driver would refuse the command at once, before anybody listens for its end.
        const { _fatalError, _protocolError } = connection;
        if (_fatalError || _protocolError) throw _fatalError ?? _protocolError;
        const command = send(connection);
        watchEnd(command, ends);
        command.once('end', () => ends.release());
      } catch (thrown) {
        ends.release();
        process.nextTick(fail, thrown);
      }
    };
    let idle: IdleSender | undefined;
    try {
      idle = hasCallback ? this.#idleSender() : undefined;
    } catch (error) {
      process.nextTick(fail, error);
      return;
    }
    if (idle !== undefined) start(idle.sender as Sender, idle);
    else
      this.#checkOut(
        !hasCallback,
        (connection, lease) => start(connection as unknown as Sender, endsOf(connection, lease)),
        fail,
      );
  }

  /** What sends a command at once, where nobody is to see its connection; undefined where one must be checked out. */
  #idleSender(): IdleSender | undefined {
    const clients = this.#clients();
    if (this.#raw || this.#hasValues || this.#isWatched || !(clients instanceof TenantClients))
      return undefined;
    return clients.idleSender('mysql', this.#limits);
  }

  /** Whether somebody is to be told of connections. */
  get #isWatched(): boolean {
    return CONNECTION_EVENTS.some((event) => this.listenerCount(event) > 0);
  }

  /** The tenant's of the call. */
  #clients(): Clients {
    if (this._closed) throw closed();
    return this.#tenancy.clients(this.#tenant);
  }

  /**
   * Calls back later, as the driver does, in the caller's async context; not in a promise, which would swallow
   * what is thrown then. The tenant is the caller's.
   */
  #checkOut(
    mayBeLost: boolean,
    done: (connection: PoolConnection, lease: ClientLease) => void,
    fail: (error: unknown) => void,
  ): void {
    try {
      const clients = this.#clients();
      const idle =
        clients instanceof TenantClients ? clients.takeIdle({ raw: this.#raw, ...this.#limits }) : undefined;
      if (idle !== undefined) process.nextTick(done, this.#handOut(idle, mayBeLost), idle);
      else {
        void this.#wait(clients, mayBeLost).then(
          ([connection, lease]) => process.nextTick(done, connection, lease),
          (error: unknown) => process.nextTick(fail, error),
        );
      }
    } catch (error) {
      process.nextTick(fail, error);
    }
  }

  async #wait(clients: Clients, mayBeLost: boolean): Promise<[PoolConnection, ClientLease]> {
    const waiting = this.listenerCount('enqueue') > 0 && setImmediate(() => this.emit('enqueue'));
    try {
      const options = { raw: this.#raw, ...this.#limits, signal: this.#ending.signal };
      const lease = await clients.acquire(options);
      return [this.#handOut(lease, mayBeLost), lease];
    } catch (error) {
      throw this._closed && error instanceof AbortedError ? closed() : error;
    } finally {
      if (waiting) clearImmediate(waiting);
    }
  }

  #handOut(lease: ClientLease, mayBeLost: boolean): PoolConnection {
    const client = lease.client as PoolConnection;
    if (lease.engine !== 'mysql') {
      lease.release();
      throw notMysql(lease.engine);
    }
    if (this.#hasValues) Object.assign(client.config, this.#values);
    this.#ownEnds(client, lease, mayBeLost);
    try {
      this.emit('connection', client);
      this.emit('acquire', client);
    } catch (error) {
      lease.destroy();
      throw error;
    }
    return client;
  }

  /** Gives a connection the ends that it has in a pool; whichever comes first counts. */
  #ownEnds(connection: PoolConnection, lease: ClientLease, mayBeLost: boolean): void {
    let ended = false;
    const end = (how: () => void) => {
      if (ended) return;
      ended = true;
      // A connection that cannot be revoked is closed by its own methods.
      if (this.#raw) for (const name of Object.keys(ends)) Reflect.deleteProperty(connection, name);
      how();
    };
    const giveBack = () => {
      try {
        this.emit('release', connection);
      } finally {
        lease.release();
      }
    };
    const ends = {
      release: () => end(giveBack),
      destroy: () => end(() => lease.destroy()),
      // In a pool it has always meant to give the connection back.
      end: (callback?: () => void) => {
        end(giveBack);
        if (typeof callback === 'function') process.nextTick(callback);
      },
    };
    Object.assign(connection, ends);
    if (!mayBeLost) return;
    lease.onLost(ends.destroy);
  }
}

/** What is used of a connection for a statement of the pool's own. */
interface Sender extends MysqlSender {
  query(command: Command): Command;
  execute(...args: unknown[]): Command;
  /** Set where the driver takes no command any more. */
  readonly _fatalError?: unknown;
  readonly _protocolError?: unknown;
}

interface Ends {
  release(): void;
  destroy(): void;
  /** Set where the statement has left a transaction open: the pool's next one may run on another connection. */
  readonly leftOpen: Error | undefined;
}

function endsOf(connection: PoolConnection, lease: ClientLease): Ends {
  return {
    release: () => connection.release(),
    destroy: () => connection.destroy(),
    get leftOpen() {
      return leftOpenBy(lease);
    },
  };
}

/** A command whose connection is lost does not come to its end: that is told. */
function watchEnd(command: Command, ends: Ends): void {
  const { onResult } = command;
  if (onResult === undefined) return;
  // The driver calls back a moment after the end, when the connection has been given back.
  let leftOpen: Error | undefined;
  command.once('end', () => {
    leftOpen = ends.leftOpen;
  });
  command.onResult = (error, ...results) => {
    if (leftOpen === undefined || error) onResult(error, ...results);
    else onResult(leftOpen);
    if ((error as { readonly fatal?: unknown } | null)?.fatal === true) ends.destroy();
  };
}

/** The driver takes for its own failure what is thrown while it calls back with an error. */
function calledLater(callback: Callback): Callback {
  return (error, ...results) => {
    if (error) process.nextTick(callback, error, ...results);
    else callback(error, ...results);
  };
}

function closed(): ClosedError {
  return new ClosedError('Pool is closed.', { hint: 'Make a pool of its own for whoever ends it.' });
}

function notMysql(engine: string): NotSupportedError {
  return new NotSupportedError(`The tenant's server has no connections of mysql2; its engine is ${engine}.`, {
    hint: 'Take the pool of its driver: pgPool, sqliteDatabase, mariadbPool.',
  });
}
