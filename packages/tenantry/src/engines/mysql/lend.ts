import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Connection } from 'mysql2';
import type { LentClient } from '../../engine/lent-client.js';
import { ListenerBaseline } from '../../engine/listener-baseline.js';
import { noAddress } from '../../engine/no-address.js';
import { type Revocable, revocable } from '../../engine/revocable.js';
import { NotSupportedError } from '../../errors.js';
import type { Callback, Command } from './driver-command.js';
import {
  bindingInTurn,
  calledInContext,
  endingWhenIdle,
  type Flow,
  inContext,
  withCallbacksInContext,
  withoutConnection,
} from './lent-commands.js';
import { assertBindable, assertPreparable, textIsWhole, unsafeToEscape, valuesOf } from './lent-values.js';
import { tracesOf } from './traces.js';
import { Tunnel, type TunnelClient } from './tunnel.js';
import type { Wire } from './wire.js';

/** The member by which a lent client becomes a socket. */
const TUNNEL = Symbol('tenantry.tunnel');

/**
 * A lent client as a socket, for another driver of the same protocol; it ends with the loan. Nothing else
 * is to be done with the client meanwhile.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if it is no lent client of MariaDB.
 */
export function openTunnel(client: object): Duplex {
  const open = Reflect.get(client, TUNNEL) as (() => Duplex) | undefined;
  if (open !== undefined) return open();
  throw new NotSupportedError('This client cannot be a socket for another driver.', {
    hint: 'It must be one of MySQL or MariaDB, and not a raw one.',
  });
}

/** What is used here of mysql2 beyond its types. */
interface Client extends Flow {
  config: { readonly namedPlaceholders?: boolean; readonly queryFormat?: unknown };
  readonly constructor: { createQuery(...args: unknown[]): Command };
  readonly stream: object;
  readonly _statements: { readonly size: number };
  query(command: Command): Command;
  query(sql: string, callback: Callback): unknown;
  reset(callback: Callback): unknown;
  escape(value: unknown): string;
  format(...args: unknown[]): string;
  _resolveNamedPlaceholders(command: Command): void;
  execute(...args: unknown[]): Command;
  prepare(options: unknown, callback?: Callback): unknown;
  unprepare(options: unknown): object | undefined;
  promise(implementation?: unknown): unknown;
}

/** What only tells how the client is. All other private members, and those that write, are its inner life. */
const TOLD: ReadonlySet<PropertyKey> = new Set(['_fatalError', '_protocolError', '_closing']);
const INNER: ReadonlySet<PropertyKey> = new Set([
  'addCommand',
  'handlePacket',
  'packetParser',
  'sequenceId',
  'startTLS',
  'write',
  'writePacket',
]);
/** As in the driver, a second end does nothing. */
const ENDS: ReadonlySet<PropertyKey> = new Set(['release', 'destroy', 'close', 'end', Symbol.dispose]);
/** By these a borrower can listen, and stop others from it. */
const LISTENING: ReadonlySet<PropertyKey> = new Set(Object.getOwnPropertyNames(EventEmitter.prototype));
/** What the driver makes commands of by itself, past whoever stands before it. */
const TRANSACTION = [
  ['beginTransaction', 'START TRANSACTION'],
  ['commit', 'COMMIT'],
  ['rollback', 'ROLLBACK'],
] as const;
const REFUSED: readonly string[] = ['changeUser', 'createBinlogStream', '_registerSlave', '_binlogDump'];

/** What sends statements for a pool that shows the client to nobody. */
export interface MysqlSender {
  /** As mysql2's own `query`, of a command. */
  query(command: object): unknown;
  /** As mysql2's own. */
  execute(...args: unknown[]): unknown;
}

/**
 * Lends a client, to one borrower after the other: everything works as on the client itself until the loan
 * is revoked. Statements are judged where the connection sends them, callbacks and events come in their
 * caller's async context. What is set in `config` holds as long as the loan.
 */
export class Lender {
  readonly #client: Client;
  readonly #wire: Wire;
  readonly #baseline: ListenerBaseline;
  /** Something was done that a reset may not undo: the connection is closed when it comes back. */
  readonly #spoil: () => void;
  readonly #config: Client['config'];
  /** What every borrower meets in place of the client's own. Made once, for a loan is to cost little. */
  readonly #own: MysqlSender;
  readonly #rules = {
    onReach: (key: PropertyKey) => {
      if (LISTENING.has(key)) this.#mayListen = true;
      const isPrivate = typeof key === 'string' && key.startsWith('_') && !TOLD.has(key);
      if (isPrivate || INNER.has(key)) this.#spoil();
    },
    isEnd: (key: PropertyKey) => ENDS.has(key),
  };
  #lent: Revocable<object> | undefined;
  /** Whether the borrower had the means to listen. */
  #mayListen = false;
  /** What was made of the client and could reach it: statements, the socket. */
  #handedOut: Revocable<object>[] = [];
  #stream: object | undefined;
  #tunnels: Tunnel[] = [];

  /** To be made before anybody is lent the client. */
  constructor(connection: Connection, wire: Wire, spoil: () => void) {
    this.#client = connection as unknown as Client;
    this.#wire = wire;
    this.#spoil = spoil;
    this.#baseline = new ListenerBaseline(connection);
    this.#config = this.#client.config;
    this.#own = this.#members();
  }

  get sender(): MysqlSender {
    return this.#own;
  }

  lend(): LentClient {
    const lent = revocable<object>(this.#client, this.#own, this.#rules);
    this.#lent = lent;
    return { client: lent.standIn, revoke: (reason) => this.#revoke(lent, reason) };
  }

  #revoke(lent: Revocable<object>, reason: Error | undefined): void {
    lent.revoke(reason);
    if (this.#lent !== lent) return;
    this.#lent = undefined;
    for (const each of this.#handedOut) each.revoke();
    if (this.#handedOut.length > 0) this.#handedOut = [];
    this.#stream = undefined;
    for (const tunnel of this.#tunnels.splice(0)) tunnel.release(reason);
    this.#client.config = this.#config;
    if (!this.#mayListen) return;
    this.#mayListen = false;
    if (!this.#baseline.restore()) this.#spoil();
  }

  #members(): MysqlSender {
    const client = this.#client;
    const wire = this.#wire;
    const baseline = this.#baseline;
    const standIn = () => this.#lent?.standIn;
    const config = () => this.#ownConfig();
    const stream = () => this.#ownStream();
    const members = {
      query: (sql: unknown, values?: unknown, callback?: unknown) => this.#query(sql, values, callback),
      execute: (...args: unknown[]) => {
        assertPreparable(valuesOf(args[0], args[1]), true);
        const command = withoutConnection(client.execute(...withCallbacksInContext(args)), client);
        if (command.onResult === undefined) inContext(command);
        return endingWhenIdle(command, client, wire);
      },
      ...Object.fromEntries(
        TRANSACTION.map(([name, sql]) => [
          name,
          (callback?: Callback) => this.#query(sql, callback, undefined),
        ]),
      ),
      prepare: (options: unknown, callback?: Callback) => {
        const called = callback && calledInContext(callback);
        return client.prepare(options, (error, statement) =>
          called?.(error, statement && this.#ownStatement(statement as object)),
        );
      },
      unprepare: (options: unknown) => {
        const statement = client.unprepare(options);
        return statement && this.#ownStatement(statement);
      },
      escape: (value: unknown) => {
        this.#assertEscapable();
        return client.escape(value);
      },
      format: (...args: unknown[]) => {
        this.#assertEscapable();
        return client.format(...args);
      },
      // In the middle of a distributed transaction a reset would leave it prepared, and hide that; this says so.
      reset: (callback: Callback) =>
        client.query('ROLLBACK', (error) =>
          error ? callback(error) : client.reset(calledInContext(callback)),
        ),
      promise: (implementation?: unknown) => Reflect.apply(client.promise, standIn(), [implementation]),
      [TUNNEL]: () => this.#openTunnel(),
      // Whoever leased the client says what this does.
      release() {},
      [Symbol.dispose]: () => (standIn() as { release(): void } | undefined)?.release(),
      removeAllListeners() {
        baseline.restore();
        return standIn();
      },
      get config() {
        return config();
      },
      // Those of whoever comes next are prepared in the same place.
      get _statements() {
        return { size: client._statements.size };
      },
      get stream() {
        return stream();
      },
      ...Object.fromEntries(REFUSED.map((name) => [name, () => refuse(name)])),
    };
    return members;
  }

  #query(sql: unknown, values: unknown, callback: unknown): Command {
    const client = this.#client;
    const wire = this.#wire;
    const command = isCommand(sql)
      ? sql
      : client.constructor.createQuery(...withCallbacksInContext([sql, values, callback]), client.config);
    withoutConnection(command, client);
    if (isCommand(sql) || command.onResult === undefined) inContext(command);
    const { namedPlaceholders = client.config.namedPlaceholders } = command;
    assertBindable(command.values, namedPlaceholders === true);
    const hasValues = !isEmpty(command.values);
    // What is under way may change how values are to be escaped.
    if (hasValues && !wire.isQuiet) bindingInTurn(command, client, wire);
    else if (hasValues) this.#assertEscapable();
    if (client.config.queryFormat !== undefined || !textIsWhole(command.values)) return client.query(command);
    // By its text without the values, which is the same each time.
    wire.leaves(tracesOf(command.sql));
    wire.sendJudged(() => client.query(command));
    return command;
  }

  /** @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) where values cannot be escaped safely now. */
  #assertEscapable(): void {
    const trouble = this.#wire.escapingTrouble;
    if (trouble !== undefined) throw unsafeToEscape(trouble);
  }

  #ownConfig(): object {
    const client = this.#client;
    if (client.config === this.#config) {
      // A copy, for what it inherits from could be reached, and outlives the loan.
      const own = Object.create(Object.getPrototypeOf(this.#config) as object) as Client['config'];
      client.config = Object.assign(own, this.#config, { stream: noAddress });
    }
    return client.config;
  }

  #ownStream(): object {
    const { stream } = this.#client;
    this.#stream ??= this.#handOut(stream, {}, (key) => {
      if (typeof Reflect.get(stream, key) === 'function') this.#spoil();
    });
    return this.#stream;
  }

  #openTunnel(): Duplex {
    const client = this.#client as unknown as TunnelClient;
    if (!client._isMariaDB) {
      throw new NotSupportedError('Only a connection to MariaDB can be a socket for another driver.', {
        hint: 'Use mysqlPool for MySQL.',
      });
    }
    const tunnel = new Tunnel(client, this.#wire);
    this.#tunnels.push(tunnel);
    return tunnel;
  }

  #ownStatement(statement: object): object {
    const execute = Reflect.get(statement, 'execute') as (...args: unknown[]) => unknown;
    return this.#handOut(statement, {
      _connection: this.#lent?.standIn,
      execute: (...args: unknown[]) => {
        assertPreparable(args[0], true);
        return withoutConnection(
          execute.apply(statement, withCallbacksInContext(args)) as Command,
          this.#client,
        );
      },
    });
  }

  #handOut(object: object, own: object, onReach: (key: PropertyKey) => void = () => {}): object {
    const handedOut = revocable(object, own, { onReach });
    this.#handedOut.push(handedOut);
    // Prepared for a borrower who is gone.
    if (this.#lent === undefined) handedOut.revoke();
    return handedOut.standIn;
  }
}

/** Whether nothing is to be written into a text. */
function isEmpty(values: unknown): boolean {
  return values === undefined || values === null || (Array.isArray(values) && values.length === 0);
}

function isCommand(sql: unknown): sql is Command {
  return typeof sql === 'object' && sql !== null && 'onResult' in sql;
}

function refuse(name: string): never {
  throw new NotSupportedError(`A connection that is lent does not let ${name} run.`, {
    hint: 'Its user, its database and its protocol belong to the pool; open a connection of your own for that.',
  });
}
