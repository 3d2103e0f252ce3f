import { AsyncResource } from 'node:async_hooks';
import type { Connection } from 'mysql2';
import type { LentClient } from '../../engine/lent-client.js';
import type { ListenerBaseline } from '../../engine/listener-baseline.js';
import { type Revocable, revocable } from '../../engine/revocable.js';
import { NotSupportedError } from '../../errors.js';
import { assertBindable, textIsWhole } from './lent-values.js';
import { tracesOf } from './traces.js';
import type { Wire } from './wire.js';

/** What a lent client works with, and tells. */
export interface LentUse {
  readonly wire: Wire;
  readonly baseline: ListenerBaseline;
  /** Something was done that a reset may not undo: the connection is closed when it comes back. */
  spoil(): void;
}

type Callback = (error: unknown, ...results: unknown[]) => void;

/** A command of mysql2, as far as it is used here. */
interface Command {
  readonly sql: string;
  readonly values?: unknown;
  readonly namedPlaceholders?: boolean;
  onResult?: Callback | undefined;
  emit(event: string, ...args: unknown[]): boolean;
}

/** What is used here of mysql2 beyond its types. */
interface Client {
  config: { readonly namedPlaceholders?: boolean; readonly queryFormat?: unknown };
  readonly constructor: { createQuery(...args: unknown[]): Command };
  readonly stream: object;
  query(command: Command): Command;
  execute(...args: unknown[]): Command;
  prepare(options: unknown, callback?: Callback): unknown;
  unprepare(options: unknown): object | undefined;
  promise(implementation?: unknown): unknown;
}

/** What only tells how the client is. All other private members, and those that write, are its inner life. */
const TOLD: ReadonlySet<PropertyKey> = new Set(['_fatalError', '_protocolError', '_closing', '_statements']);
const INNER: ReadonlySet<PropertyKey> = new Set([
  'addCommand',
  'handlePacket',
  'packetParser',
  'sequenceId',
  'startTLS',
  'write',
  'writePacket',
]);
const REFUSED: readonly string[] = ['changeUser', 'createBinlogStream', '_registerSlave', '_binlogDump'];

/**
 * Lends a client: everything works as on the client itself until the loan is revoked. Statements are
 * judged where the connection sends them, callbacks and events come in their caller's async context.
 * What is set in `config` holds as long as the lease.
 */
export function lendClient(connection: Connection, use: LentUse): LentClient {
  const client = connection as unknown as Client;
  const { config } = client;
  const handedOut: Revocable<object>[] = [];
  let stream: object | undefined;
  const handOut = (object: object, own: object, onReach: (key: PropertyKey) => void = () => {}): object => {
    const lent = revocable(object, own, { onReach });
    handedOut.push(lent);
    return lent.standIn;
  };
  const handOutStatement = (statement: object): object =>
    handOut(statement, {
      _connection: lent.standIn,
      execute: (...args: unknown[]) =>
        (Reflect.get(statement, 'execute') as (...args: unknown[]) => unknown).apply(
          statement,
          withCallbackBound(args),
        ),
    });

  const own = {
    query(sql: unknown, values?: unknown, callback?: unknown): unknown {
      const command = isCommand(sql) ? inContext(sql) : createCommand(client, sql, values, callback);
      const { namedPlaceholders = client.config.namedPlaceholders } = command;
      assertBindable(command.values, namedPlaceholders === true, use.wire.status.escapesBackslashes);
      if (client.config.queryFormat !== undefined || !textIsWhole(command.values))
        return client.query(command);
      // By its text without the values, which is the same each time.
      use.wire.leaves(tracesOf(command.sql));
      use.wire.sendJudged(() => client.query(command));
      return command;
    },
    execute(...args: unknown[]): unknown {
      const command = client.execute(...withCallbackBound(args));
      if (command.onResult === undefined) inContext(command);
      return endingWhenIdle(command, use.wire);
    },
    prepare(options: unknown, callback?: Callback): unknown {
      const bound = callback && AsyncResource.bind(calledLater(callback));
      return client.prepare(options, (error, statement) =>
        bound?.(error, statement && handOutStatement(statement as object)),
      );
    },
    unprepare(options: unknown): object | undefined {
      const statement = client.unprepare(options);
      return statement && handOutStatement(statement);
    },
    promise: (implementation?: unknown): unknown =>
      Reflect.apply(client.promise, lent.standIn, [implementation]),
    /** Whoever leased it says what this does. As in the driver, a second time it does nothing. */
    release(): void {},
    [Symbol.dispose]: () => (lent.standIn as { release(): void }).release(),
    removeAllListeners(): unknown {
      use.baseline.restore();
      return lent.standIn;
    },
    get config(): object {
      if (client.config === config) client.config = Object.create(config) as Client['config'];
      return client.config;
    },
    get stream(): object {
      stream ??= handOut(client.stream, {}, (key) => {
        if (typeof Reflect.get(client.stream, key) === 'function') use.spoil();
      });
      return stream;
    },
    ...Object.fromEntries(REFUSED.map((name) => [name, () => refuse(name)])),
  };

  const lent = revocable<object>(client, own, {
    onReach: (key) => {
      const isPrivate = typeof key === 'string' && key.startsWith('_') && !TOLD.has(key);
      if (isPrivate || INNER.has(key)) use.spoil();
    },
    isExempt: (key) => key === 'release' || key === Symbol.dispose,
  });
  return {
    client: lent.standIn,
    revoke: () => {
      lent.revoke();
      for (const each of handedOut) each.revoke();
      client.config = config;
      if (!use.baseline.restore() || use.wire.isReconfigured) use.spoil();
    },
  };
}

function isCommand(sql: unknown): sql is Command {
  return typeof sql === 'object' && sql !== null && 'onResult' in sql;
}

function createCommand(client: Client, sql: unknown, values: unknown, callback: unknown): Command {
  const command = client.constructor.createQuery(sql, values, callback, client.config);
  if (typeof command.onResult === 'function') command.onResult = calledLater(command.onResult);
  return inContext(command);
}

/** Makes a command tell of itself in the async context in which it is asked for, not in the socket's. */
function inContext(command: Command): Command {
  if (typeof command.onResult === 'function') command.onResult = AsyncResource.bind(command.onResult);
  else command.emit = AsyncResource.bind(command.emit.bind(command));
  return command;
}

/** The driver calls back with an error before it has dealt with it, and takes what is thrown then for its own failure. */
function calledLater(callback: Callback): Callback {
  return (error, ...results) => {
    if (error) process.nextTick(callback, error, ...results);
    else callback(error, ...results);
  };
}

/** What could not be prepared tells of its end while the driver still has its execution before it, to skip it. */
function endingWhenIdle(command: Command, wire: Wire): Command {
  const emit = command.emit.bind(command);
  command.emit = (event, ...args) => {
    if (event !== 'end' || wire.isIdle) return emit(event, ...args);
    process.nextTick(emit, event, ...args);
    return true;
  };
  return command;
}

/** The arguments of a call, with the callback among them in its caller's async context. */
function withCallbackBound(args: unknown[]): unknown[] {
  return args.map((arg) =>
    typeof arg === 'function' ? AsyncResource.bind(calledLater(arg as Callback)) : arg,
  );
}

function refuse(name: string): never {
  throw new NotSupportedError(`A connection that is lent does not let ${name} run.`, {
    hint: 'Its user, its database and its protocol belong to the pool; open a connection of your own for that.',
  });
}
