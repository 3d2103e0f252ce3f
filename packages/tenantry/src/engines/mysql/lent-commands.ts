import { inThisContext } from '../../engine/in-this-context.js';
import type { Wire } from './wire.js';

/** How mysql2 calls back. */
export type Callback = (error: unknown, ...results: unknown[]) => void;

/** A command of mysql2, as far as it is used here. */
export interface Command {
  readonly sql: string;
  readonly values?: unknown;
  readonly namedPlaceholders?: boolean;
  onResult?: Callback | undefined;
  emit(event: string, ...args: unknown[]): boolean;
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
