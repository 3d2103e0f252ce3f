import { InternalError } from '../../errors.js';
import { reseeding } from './binding.js';
import type { Client } from './driver.js';
import { close, describe, parse, query, run, sync } from './messages.js';

/** What is used here of pg's connection beyond its types. */
interface DriverConnection {
  _send(buffer: Buffer): unknown;
  emit(event: string, ...args: readonly unknown[]): boolean;
  readonly stream: { cork(): void; uncork(): void; write(buffer: Buffer): unknown };
}

/** Commands that are written ahead of the driver's next one. */
interface Prelude {
  readonly bytes: Buffer;
  /** The names, as pg calls them, of the messages that must answer it. */
  readonly replies: readonly string[];
  /** Whether it resets the session as well. */
  readonly resets: boolean;
}

/** Beyond this a statement is written behind the binding instead of being copied. */
const COPY_LIMIT = 64 * 1024;

/** Taken by each binding; free again only after a DISCARD ALL. */
const RESET_GUARD = 'tenantry_reset';

/** The server says these whenever it likes. `error` and `end` are not its words but the socket's. */
const UNASKED: ReadonlySet<string> = new Set(['notice', 'notification', 'error', 'end']);
const EMITTER_EVENTS: ReadonlySet<string> = new Set(['newListener', 'removeListener']);

/**
 * The seam between pg and its socket: binds the session ahead of the driver's next statement, in the same
 * write, and keeps the answers from the driver.
 *
 * A statement runs only where its binding has held. Three series of messages do that, each ended by its own
 * Sync but the last:
 *
 * 1. `DISCARD ALL`, alone, because it cannot run in a transaction.
 * 2. Take the name of {@link RESET_GUARD}, which fails unless the discarding has freed it; draw another random
 *    seed; bind; prepare an empty statement under a name that was never used, the binding's guard. What fails
 *    skips the rest.
 *    The binding is committed by the Sync, so that no rollback of what follows can take it away.
 * 3. Describe the guard, then the driver's own messages. Where there is no guard this fails, and the
 *    server skips everything up to a Sync, which is the driver's statement, by either protocol.
 */
export class Wire {
  readonly #connection: DriverConnection;
  readonly #onFailure: (error: Error) => void;
  readonly #write: (buffer: Buffer) => unknown;
  #bindings = 0;
  #pending: Prelude | undefined;
  #replies: readonly string[] = [];
  /** How many of the replies are here. */
  #replied = 0;
  #failed = false;

  /**
   * @param onFailure told when a binding failed; the connection is to be destroyed.
   * @throws InternalError (`TENANTRY_INTERNAL`) if this pg is built in another way.
   */
  constructor({ connection }: Client, onFailure: (error: Error) => void) {
    const driver = connection as unknown as DriverConnection;
    const { _send, emit } = driver;
    if (typeof _send !== 'function') {
      throw new InternalError('This version of pg does not show what it sends.', {
        hint: 'Install pg 8.23.1 or a later 8.x.',
      });
    }
    this.#connection = driver;
    this.#onFailure = onFailure;
    this.#write = (buffer) => this.#send(buffer, _send);
    driver._send = this.#write;
    driver.emit = (event, ...args) =>
      this.#isForDriver(event, args[0]) ? emit.call(driver, event, ...args) : true;
  }

  /**
   * Binds the session by a statement ahead of the next command; `reset` takes away first what was left in
   * it. Replaces a binding that was not sent, but never its reset.
   */
  bindAhead(statement: string, reset: boolean): void {
    const resets = reset || this.#pending?.resets === true;
    const oldGuard = guard(this.#bindings);
    const newGuard = guard(++this.#bindings);
    const begin = resets ? Buffer.concat([RESET, parse('', reseeding()), RUN]) : close(oldGuard);
    this.#pending = {
      bytes: Buffer.concat([
        ...[begin, parse('', statement), RUN],
        ...[parse(newGuard, ''), SYNC, describe(newGuard)],
      ]),
      replies: resets ? REPLIES_AFTER_RESET : REPLIES_AFTER_CLOSE,
      resets,
    };
  }

  /** Writes a binding that waits now: for whoever writes to the socket past the driver. */
  flush(): void {
    if (this.#pending !== undefined) this.#write(Buffer.alloc(0));
  }

  /** To be called when the connection ends: no answer reaches the driver any more. */
  end(): void {
    this.#failed = true;
  }

  #send(buffer: Buffer, send: DriverConnection['_send']): unknown {
    const { stream } = this.#connection;
    const prelude = this.#pending;
    if (prelude === undefined) return send.call(this.#connection, buffer);
    this.#pending = undefined;
    this.#replies = prelude.replies;
    this.#replied = 0;
    if (buffer.length <= COPY_LIMIT) {
      return send.call(this.#connection, Buffer.concat([prelude.bytes, buffer]));
    }
    stream.cork();
    try {
      send.call(this.#connection, prelude.bytes);
      return send.call(this.#connection, buffer);
    } finally {
      stream.uncork();
    }
  }

  #isForDriver(event: string, message: unknown): boolean {
    if (EMITTER_EVENTS.has(event)) return true;
    if (this.#failed) return event === 'error' || event === 'end';
    if (this.#replied === this.#replies.length || UNASKED.has(event)) return true;
    // `message` is pg's second name for every message; parameters change because they are reset.
    if (event !== 'message' && event !== 'parameterStatus') this.#readReply(event, message);
    return false;
  }

  #readReply(event: string, message: unknown): void {
    if (event === this.#replies[this.#replied]) {
      this.#replied++;
      return;
    }
    this.#failed = true;
    const isAnswer = event === 'errorMessage' && message instanceof Error;
    this.#onFailure(isAnswer ? message : new Error(`The server answered out of order: ${event}.`));
  }
}

const RESET = Buffer.concat([query('DISCARD ALL'), parse(RESET_GUARD, '')]);
const RUN = run();
const SYNC = sync();
const REPLIES = [
  ...['parseComplete', 'bindComplete', 'commandComplete', 'parseComplete', 'readyForQuery'],
  ...['parameterDescription', 'noData'],
];
const REPLIES_AFTER_RESET = [
  ...['commandComplete', 'readyForQuery', 'parseComplete'],
  ...['parseComplete', 'bindComplete', 'commandComplete'],
  ...REPLIES,
];
const REPLIES_AFTER_CLOSE = ['closeComplete', ...REPLIES];

function guard(binding: number): string {
  return `tenantry_binding_${binding}`;
}
