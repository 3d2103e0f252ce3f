import { inThisContext } from '../../engine/in-this-context.js';
import { type Callback, type Command, tellFailure } from './driver-command.js';
import { leavableStream } from './lent-streams.js';
import { unsafeToEscape } from './lent-values.js';
import type { Wire } from './wire.js';

/** What writes values into a text: mysql2's connection. */
interface Formatter {
  format(sql: string, values: unknown, namedPlaceholders?: boolean): string;
  _resolveNamedPlaceholders(command: Command): void;
}

/** What a command needs of the connection that runs it, beside what it is given: a stream stops it and lets it go on. */
export interface Flow {
  readonly _command?: unknown;
  pause(): void;
  resume(): void;
}

/** A connection as its command may keep it: it does something for this command alone, and only while that is under way. */
class Hold {
  readonly #command: object;
  readonly #client: Flow;

  constructor(command: object, client: Flow) {
    this.#command = command;
    this.#client = client;
  }

  pause(): void {
    if (this.#client._command === this.#command) this.#client.pause();
  }

  resume(): void {
    if (this.#client._command === this.#command) this.#client.resume();
  }
}

/** A prepared statement, as far as its execution needs it. */
interface Prepared {
  readonly query: string;
  readonly id: number;
  readonly columns: unknown;
  readonly parameters: unknown;
}

/**
 * Keeps from a command, which its caller may keep for ever, the connection that runs it: mysql2 puts it there, by itself
 * and in the prepared statement, and whoever has it reaches what the connection does for others by then.
 */
export function withoutConnection(command: Command, client: Flow): Command {
  const hold = new Hold(command, client);
  Object.defineProperty(command, '_connection', { configurable: true, get: () => hold, set: () => {} });
  if (command.onResult === undefined) command.stream = leavableStream;
  if (!('statement' in command)) return command;
  let statement = withoutHome(command.statement as Prepared | undefined);
  if (statement !== undefined) {
    // One of a prepared statement has begun, and has copied what it was made of.
    for (const options of [
      Reflect.get(command, '_executeOptions'),
      Reflect.get(command, 'options'),
    ] as object[]) {
      if (options !== undefined) Object.assign(options, { statement });
    }
  }
  Object.defineProperty(command, 'statement', {
    configurable: true,
    enumerable: true,
    get: () => statement,
    set: (next: Prepared | undefined) => {
      statement = withoutHome(next);
    },
  });
  return command;
}

function withoutHome(statement: Prepared | undefined): Prepared | undefined {
  if (statement === undefined) return undefined;
  const { query, id, columns, parameters } = statement;
  return { query, id, columns, parameters };
}

/** Makes a command tell of itself in the async context in which it is asked for, not in the socket's. */
export function inContext(command: Command): Command {
  if (typeof command.onResult === 'function') command.onResult = inThisContext(command.onResult);
  else command.emit = inThisContext(command.emit.bind(command));
  return command;
}

/**
 * A callback that is called in its caller's async context. The driver calls back with an error before it
 * has dealt with it, and takes what is thrown then for its own failure, so an error comes a moment later.
 */
export function calledInContext(callback: Callback): Callback {
  return inThisContext((error: unknown, ...results: unknown[]) => {
    if (error) process.nextTick(callback, error, ...results);
    else callback(error, ...results);
  });
}

/** The arguments of a call, with the callback among them as {@link calledInContext}. */
export function withCallbacksInContext(args: readonly unknown[]): unknown[] {
  return args.map((arg) => (typeof arg === 'function' ? calledInContext(arg as Callback) : arg));
}

/**
 * Has the values of a command written into its text when its turn comes, when the commands before it have been
 * answered. Where they cannot be escaped safely then, nothing is sent and the command fails.
 */
export function bindingInTurn(command: Command, client: Formatter, wire: Wire): void {
  const { values, namedPlaceholders } = command;
  Object.assign(command, { values: undefined, namedPlaceholders: false });
  command.start = (packet, connection) => {
    Reflect.deleteProperty(command, 'start');
    const trouble = wire.escapingTrouble;
    if (trouble !== undefined) {
      tellFailure(command, unsafeToEscape(trouble));
      return undefined;
    }
    Object.assign(command, { values, namedPlaceholders });
    client._resolveNamedPlaceholders(command);
    command.sql = client.format(command.sql, command.values ?? [], command.namedPlaceholders);
    return command.start?.(packet, connection);
  };
}

/**
 * Has an execution tell of its end when its caller has it. What could not be prepared would tell while the driver still
 * has its execution before it, to skip it; and what the driver gave up at once has told before anybody listened.
 */
export function endingWhenIdle(command: Command, client: Flow, wire: Wire): Command {
  const emit = command.emit.bind(command);
  if (wire.isIdle && client._command !== command) {
    process.nextTick(emit, 'end');
    return command;
  }
  command.emit = (event, ...args) => {
    if (event !== 'end' || wire.isIdle) return emit(event, ...args);
    process.nextTick(emit, event, ...args);
    return true;
  };
  return command;
}
