import type { Readable } from 'node:stream';
import type { Command } from './driver-command.js';
import { isServerReply } from './errors.js';

/**
 * A stream of rows that its caller may leave: where nobody listens for errors, the end of its connection ends no process.
 * Whoever reads on is told. What the server answered to the statement is told as the driver tells it.
 */
export function leavable<T extends Readable>(stream: T): T {
  const { emit } = stream;
  const own = (event: string, ...args: unknown[]): boolean => {
    const isNobodys = event === 'error' && stream.listenerCount('error') === 0 && !isAnswer(args[0]);
    return !isNobodys && Reflect.apply(emit, stream, [event, ...args]);
  };
  stream.emit = own as typeof emit;
  return stream;
}

/** In the place of a command's own method; one for all of them. */
export function leavableStream(this: Command, options?: unknown): Readable {
  const { stream } = Object.getPrototypeOf(this) as { stream(options?: unknown): Readable };
  return leavable(Reflect.apply(stream, this, [options]));
}

function isAnswer(error: unknown): boolean {
  return error instanceof Error && isServerReply(error) && Reflect.get(error, 'fatal') !== true;
}
