import { inThisContext } from '../../engine/in-this-context.js';
import type { Callback, Command } from './driver-command.js';
import { unsafeToEscape } from './lent-values.js';
import type { Wire } from './wire.js';

/** What writes values into a text: mysql2's connection. */
interface Formatter {
  format(sql: string, values: unknown, namedPlaceholders?: boolean): string;
  _resolveNamedPlaceholders(command: Command): void;
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
      const error = unsafeToEscape(trouble);
      if (command.onResult === undefined) command.emit('error', error);
      else command.onResult(error);
      return undefined;
    }
    Object.assign(command, { values, namedPlaceholders });
    client._resolveNamedPlaceholders(command);
    command.sql = client.format(command.sql, command.values ?? [], command.namedPlaceholders);
    return command.start?.(packet, connection);
  };
}

/** What could not be prepared tells of its end while the driver still has its execution before it, to skip it. */
export function endingWhenIdle(command: Command, wire: Wire): Command {
  const emit = command.emit.bind(command);
  command.emit = (event, ...args) => {
    if (event !== 'end' || wire.isIdle) return emit(event, ...args);
    process.nextTick(emit, event, ...args);
    return true;
  };
  return command;
}
