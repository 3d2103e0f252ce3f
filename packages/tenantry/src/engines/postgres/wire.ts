import { randomUUID } from 'node:crypto';
import { InternalError } from '../../errors.js';
import { reseeding, unassuming } from './binding.js';
import type { Client } from './driver.js';
import { close, describe, parse, query, run, sync } from './messages.js';

/** What is used here of pg's connection beyond its types. */
interface DriverConnection {
  _send(buffer: Buffer): unknown;
  emit(event: string, ...args: readonly unknown[]): boolean;
  readonly stream: { cork(): void; uncork(): void; write(buffer: Buffer): unknown };
}

/** A binding that waits for the driver's next command. */
interface Binding {
  readonly statement: string;
  /** Whether it resets the session as well. */
  readonly resets: boolean;
}

/** What is to be proved ahead of a command, from time to time. */
export interface Proof {
  readonly isDue: boolean;
  /** Fails where the command must not run. */
  readonly statement: string;
  /** It was sent now. */
  begins(): void;
}

/** Messages, and the names, as pg calls them, of those that must answer them. */
type Exchange = readonly [message: Buffer, replies: readonly string[]];

/** Beyond this a statement is written behind the binding instead of being copied. */
const COPY_LIMIT = 64 * 1024;

/** Taken by each reset; free again only after a DISCARD ALL. */
const RESET_GUARD = 'tenantry_reset';

/** The server says these whenever it likes. `error` and `end` are not its words but the socket's. */
const UNASKED: ReadonlySet<string> = new Set(['notice', 'notification', 'error', 'end']);
const EMITTER_EVENTS: ReadonlySet<string> = new Set(['newListener', 'removeListener']);

/**
 * The seam between pg and its socket: binds the session ahead of the driver's next statement, in the same
 * write, and keeps the answers from the driver.
 *
 * A statement runs only where its binding has held. Three series of messages do that:
 *
 * 1. Where the session is reset: `DISCARD ALL`, alone, because it cannot run in a transaction, and the name of
 *    {@link RESET_GUARD}, which is free only after it; then another random seed.
 * 2. Without a reset, be who signed in again. Bind, prove what is due, and prepare a statement under a name that was never
 *    used and that nobody can guess, the binding's guard. What fails skips the rest. All is committed before what
 *    follows, so that no rollback of that can take it away.
 * 3. Describe the guard, then the driver's own messages. Where there is no guard this fails, and the
 *    server skips everything up to a Sync, which is the driver's statement, by either protocol.
 */
export class Wire {
  readonly #connection: DriverConnection;
  readonly #onFailure: (error: Error) => void;
  readonly #write: (buffer: Buffer) => unknown;
  readonly #proof: Proof;
  #guard = '';
  #pending: Binding | undefined;
  #replies: readonly string[] = [];
  /** How many of the replies are here. */
  #replied = 0;
  #failed = false;

  /**
   * @param proof goes along with a binding where it is due.
   * @param onFailure told when a binding or its proof failed; the connection is to be destroyed.
   * @throws InternalError (`TENANTRY_INTERNAL`) if this pg is built in another way.
   */
  constructor({ connection }: Client, proof: Proof, onFailure: (error: Error) => void) {
    const driver = connection as unknown as DriverConnection;
    const { _send, emit } = driver;
    if (typeof _send !== 'function') {
      throw new InternalError('This version of pg does not show what it sends.', {
        hint: 'Install pg 8.23.1 or a later 8.x.',
      });
    }
    this.#connection = driver;
    this.#proof = proof;
    this.#onFailure = onFailure;
    this.#write = (buffer) => this.#send(buffer, _send);
    driver._send = this.#write;
    driver.emit = (event, ...args) =>
      this.#isForDriver(event, args[0]) ? emit.call(driver, event, ...args) : true;
  }

  /** Whether a binding waits: nothing was sent since it was asked for. */
  get isBinding(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Binds the session by a statement ahead of the next command; `reset` takes away first what was left in
   * it. Replaces a binding that was not sent, but never its reset.
   */
  bindAhead(statement: string, reset: boolean): void {
    this.#pending = { statement, resets: reset || this.#pending?.resets === true };
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
    const binding = this.#pending;
    if (binding === undefined) return send.call(this.#connection, buffer);
    this.#pending = undefined;
    const [prelude, replies] = this.#prelude(binding);
    this.#replies = replies;
    this.#replied = 0;
    if (buffer.length <= COPY_LIMIT) {
      return send.call(this.#connection, Buffer.concat([prelude, buffer]));
    }
    stream.cork();
    try {
      send.call(this.#connection, prelude);
      return send.call(this.#connection, buffer);
    } finally {
      stream.uncork();
    }
  }

  #prelude({ statement, resets }: Binding): Exchange {
    const oldGuard = this.#guard;
    const newGuard = `tenantry_binding_${randomUUID()}`;
    this.#guard = newGuard;
    const proof = this.#proof.isDue ? this.#proof : undefined;
    proof?.begins();
    // The usual case, in one message. A name of the protocol is one of SQL's too.
    if (!resets && proof === undefined) {
      const sql = `${unassuming};${statement};PREPARE "${newGuard}" AS SELECT`;
      return [Buffer.concat([close(oldGuard), query(sql), describe(newGuard)]), REPLIES_TO_RENEWAL];
    }
    const steps: Exchange[] = [
      ...(resets ? [RESET, ran(reseeding())] : [closed(oldGuard), ran(unassuming)]),
      ran(statement),
      ...(proof ? [ran(proof.statement)] : []),
      [Buffer.concat([parse(newGuard, ''), SYNC, describe(newGuard)]), REPLIES_TO_GUARD],
    ];
    return [Buffer.concat(steps.map(([bytes]) => bytes)), steps.flatMap(([, replies]) => replies)];
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

const SYNC = sync();
const RUN = run();
const RESET: Exchange = [
  Buffer.concat([query('DISCARD ALL'), parse(RESET_GUARD, '')]),
  ['commandComplete', 'readyForQuery', 'parseComplete'],
];
const REPLIES_TO_RUN = ['parseComplete', 'bindComplete', 'commandComplete'];
const REPLIES_TO_GUARD = ['parseComplete', 'readyForQuery', 'parameterDescription', 'noData'];
const REPLIES_TO_RENEWAL = [
  ...['closeComplete', 'commandComplete', 'commandComplete', 'commandComplete', 'readyForQuery'],
  ...['parameterDescription', 'rowDescription'],
];

/** Runs a statement that answers with no rows. */
function ran(sql: string): Exchange {
  return [Buffer.concat([parse('', sql), RUN]), REPLIES_TO_RUN];
}

function closed(name: string): Exchange {
  return [close(name), ['closeComplete']];
}
