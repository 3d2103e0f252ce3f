import type { Connection } from 'mysql2';
import type { Activity } from '../../engine/connection.js';
import { RebindFailedError } from '../../engine/rebind-failed.js';
import { InternalError } from '../../errors.js';
import { type Command, failCommand } from './driver-command.js';
import { type ReadingPacket, readExactly } from './exact-numbers.js';
import { tracesOfCommand } from './judged-command.js';
import { doubtOf, type Move, moveOf, type Prelude } from './move.js';
import { initDbPacket, queryPacket, resetConnectionPacket } from './packets.js';
import type { ServerFacts } from './session-setup.js';
import { StatusWatch } from './status.js';
import { more, type Traces } from './traces.js';

/** A packet as mysql2 reads it: `buffer` holds others too, `start` is where its header begins. */
interface Packet extends ReadingPacket {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly sequenceId: number;
  asError(encoding: string): Error;
}

/** A prepared statement in mysql2's cache. */
interface CachedStatement {
  close(): unknown;
}

/** What is used here of mysql2 beyond its types. */
interface Client {
  /** Receives every packet; called without one when a command begins. */
  handlePacket(packet?: Packet): void;
  write(buffer: Buffer): void;
  /** Tells all that it has before it of an end, but those that have no callback. */
  _notifyError(error: Error): void;
  readonly config: { charsetNumber: number; readonly clientFlags: number };
  readonly serverCapabilityFlags: number;
  readonly authorized: boolean;
  readonly _paused: boolean;
  readonly _closing: boolean;
  _command: Command | null | undefined;
  readonly _commands: { readonly length: number; toArray(): Command[]; clear(): void };
  resume(): void;
  readonly _statements: { readonly size: number; values(): Iterable<CachedStatement>; clear(): void };
}

const OK = 0x00;
const ERROR = 0xff;
/** Every command has a sequence of its own: the command is 0, its reply 1. */
const FIRST_REPLY = 1;
const COMMAND_AT = 4;
/** Beyond this a statement is written by itself instead of being copied behind the prelude. */
const COPY_LIMIT = 64 * 1024;
const BACKSLASH = 0x5c;
const QUERY_ATTRIBUTES = 0x08000000;
/** Where a statement runs whose move has failed: it is always there, and nobody can write to it. */
const NOWHERE = 'information_schema';

/**
 * The seam between mysql2 and its socket. It sees every packet, and it can write commands ahead of the
 * driver's next one, in the same write. The driver never learns of them: their replies are kept from it,
 * and nothing at all can be written to the socket before them.
 *
 * So a move is a few commands: forget the session, set up the new one, leave the previous database, enter
 * the new one. The last but one cannot fail, hence a statement behind a failed move meets no tenant's data.
 */
export class Wire implements Activity {
  readonly status = new StatusWatch();
  readonly #client: Client;
  readonly #charsetNumber: number;
  readonly #onFailure: (error: Error) => void;
  #beginOfMove: Move = { packets: Buffer.alloc(0), replies: 0 };
  /** The same where a setting of the borrower's may be in the way of it, and is to be gone before. */
  #beginOfMoveOfTouched = this.#beginOfMove;
  #foldsNames = false;
  #escapesBackslashes = true;
  #reportsCharset = false;
  #pending: Prelude | undefined;
  #sent: Prelude | undefined;
  #repliesLeft = 0;
  #failed = false;
  /** The driver has begun with a command, of which nothing is written yet. */
  #begins = false;
  #whenAnswered: () => void = () => {};
  /** Nobody of the driver's is to get what comes. */
  #isAbandoned = false;
  #isEndExpected = false;
  #whenComplete: () => void = () => {};
  #left: Traces = 'none';
  /** Whether something was left when the move was asked for that is to be sent. */
  #isTouched = false;
  readonly #toSocket: (buffer: Buffer) => void;
  /** What may be written only when the prelude before it is confirmed. */
  #held: Buffer[] | undefined;
  /** Whether what is written now has been judged. */
  #judged = false;

  /**
   * @param onFailure told when a prelude failed; the connection is to be destroyed.
   * @throws InternalError (`TENANTRY_INTERNAL`) if this mysql2 is built in another way.
   */
  constructor(connection: Connection, onFailure: (error: Error) => void) {
    const client = connection as unknown as Client;
    const { handlePacket, write, _notifyError } = client;
    if ([handlePacket, write, _notifyError].some((method) => typeof method !== 'function')) {
      throw new InternalError('This version of mysql2 does not show what it sends and receives.', {
        hint: 'Install mysql2 3.24.6 or a later 3.x.',
      });
    }
    this.#client = client;
    this.#charsetNumber = client.config.charsetNumber;
    this.#onFailure = onFailure;
    client.handlePacket = (packet) => {
      if (this.#isForDriver(packet)) handlePacket.call(client, packet);
    };
    this.#toSocket = (buffer) => write.call(client, buffer);
    client.write = (buffer) => this.#write(buffer);
    client._notifyError = (error) => {
      const streams = this.#streams;
      _notifyError.call(client, error);
      for (const stream of streams) failCommand(stream, error);
    };
  }

  /** To be called in a fresh session: makes moves possible, which set a session up by these statements. */
  prepareMoves({ setup, forgetting, foldsNames, reportsCharset }: ServerFacts): void {
    this.#reportsCharset = reportsCharset;
    const packets = [
      ...forgetting.map((sql) => this.#queryPacket(sql)),
      resetConnectionPacket(),
      ...setup.map((sql) => this.#queryPacket(sql)),
      initDbPacket(NOWHERE),
    ];
    this.#beginOfMove = moveOf(packets);
    this.#beginOfMoveOfTouched = moveOf(
      forgetting.length === 0 ? packets : [resetConnectionPacket(), ...packets],
    );
    this.#foldsNames = foldsNames;
    this.#escapesBackslashes = this.status.escapesBackslashes;
    this.status.expectReset(this.#escapesBackslashes);
  }

  /** Writes a statement ahead of the next command, which reports its failure. */
  sendAhead(sql: string): void {
    this.#pending = { packets: this.#queryPacket(sql), replies: 1, database: undefined };
  }

  /** Moves the session to another database ahead of the next command. Replaces a move that was not sent. */
  moveAhead(database: string): void {
    this.#isTouched ||= this.left !== 'none';
    const begin = this.#isTouched ? this.#beginOfMoveOfTouched : this.#beginOfMove;
    const packets = Buffer.concat([begin.packets, initDbPacket(database)]);
    this.#pending = { packets, replies: begin.replies + 1, database };
    this.status.expectReset(this.#escapesBackslashes);
    this.#left = 'none';
    this.#forgetSession();
  }

  /** What may have been left in the session since it was opened or reset, by every statement and by the server's replies. */
  get left(): Traces {
    return this.status.tellsOfTraces ? more(this.#left, 'values') : this.#left;
  }

  /**
   * Whether the driver has nothing before it: no command waits, no goodbye. One that is under way shows in
   * {@link status}; one that has come to its end may still be the driver's, which tells of it first.
   */
  get isIdle(): boolean {
    const { _commands, _paused, _closing } = this.#client;
    return _commands.length === 0 && !_paused && !_closing;
  }

  /**
   * Why values must not be written into a text now, if so: what they are in it depends on how the session is. It is
   * known only while nothing is under way.
   */
  get escapingTrouble(): string | undefined {
    const { escapesBackslashes, keepsMode, speaksUtf8 } = this.status;
    if (!escapesBackslashes) return 'sql_mode has NO_BACKSLASH_ESCAPES';
    if (!keepsMode) return 'sql_mode was changed, for the session or for a statement';
    if (!speaksUtf8) return 'the character set of the client is not utf8mb4';
    const mayHaveChanged = this.#left === 'lasting' || (this.#left !== 'none' && !this.#reportsCharset);
    return mayHaveChanged ? 'the server does not report whether the character set was changed' : undefined;
  }

  /** Whether nothing is under way, nor waits to be. */
  get isQuiet(): boolean {
    return !this.isBusy;
  }

  /** Whether something is under way, or waits for that. */
  get isBusy(): boolean {
    return !this.isIdle || !this.status.isComplete;
  }

  get isInTransaction(): boolean {
    return this.status.lastlyInTransaction;
  }

  get answers(): number {
    return this.status.answers;
  }

  get rests(): number {
    return this.status.rests;
  }

  /** Notes what a statement may leave. */
  leaves(traces: Traces): void {
    this.#left = more(this.#left, traces);
  }

  /** Sends what is known: only a command that is written before this returns is not looked at. */
  sendJudged(send: () => void): void {
    this.#judged = true;
    try {
      send();
    } finally {
      this.#judged = false;
    }
  }

  /** To be called in a session that was just set up. */
  forgetTraces(): void {
    this.#left = 'none';
    this.status.forgetTraces();
  }

  /** Forgets what was to be sent ahead. */
  dropPending(): void {
    this.#pending = undefined;
  }

  /** Fails all that the driver has before it; what the server still answers is read and given to nobody. */
  abandon(error: Error): void {
    const client = this.#client;
    this.#isAbandoned = true;
    const commands = this.#commands;
    client._command = null;
    client._commands.clear();
    if (client._paused) client.resume();
    for (const command of commands) failCommand(command, error);
  }

  /** Resolves when all that was sent is answered, or the connection has ended. Only after {@link abandon}. */
  async abandoned(): Promise<void> {
    if (this.status.isComplete || this.#failed) return;
    await new Promise<void>((resolve) => {
      this.#whenComplete = resolve;
    });
  }

  /** Resolves when nothing that was sent ahead is unanswered, or the connection has ended. */
  answered(): Promise<void> {
    if (this.#repliesLeft === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenAnswered = resolve;
    });
  }

  /** Whoever ends the connection has nobody left who waits for what is under way. */
  expectEnd(): void {
    this.#isEndExpected = true;
  }

  /** To be called when the connection ends: no packet reaches the driver any more. */
  end(): void {
    this.#failed = true;
    this.#repliesLeft = 0;
    this.#whenAnswered();
    this.#whenComplete();
  }

  /** What the driver has before it. It has none where nothing was sent yet. */
  get #commands(): Command[] {
    const { _command, _commands } = this.#client;
    return [_command ?? [], _commands.toArray()].flat();
  }

  /** What is to hear of a loss, and has no callback. The greeting, which has none either, deals with it by itself. */
  get #streams(): Command[] {
    if (this.#isEndExpected || !this.#client.authorized) return [];
    return this.#commands.filter(({ onResult }) => onResult === undefined);
  }

  #isForDriver(packet: Packet | undefined): boolean {
    // Paused, the driver puts it aside and will hand it in again.
    if (this.#client._paused) return true;
    if (packet === undefined) {
      this.#begins = true;
      return true;
    }
    readExactly(packet);
    if (this.#failed) return false;
    if (this.#repliesLeft > 0) {
      this.#readReply(packet);
      return false;
    }
    this.status.see(packet.buffer, packet.start + 4, packet.end);
    if (!this.#isAbandoned) return true;
    if (this.status.isComplete) this.#whenComplete();
    return false;
  }

  #write(buffer: Buffer): void {
    if (this.#begins) {
      this.#begins = false;
      this.status.sent(buffer[COMMAND_AT]);
      if (!this.#judged) this.leaves(tracesOfCommand(buffer, this.#hasAttributes));
    }
    if (this.#held !== undefined) this.#held.push(buffer);
    else if (this.#pending === undefined) this.#toSocket(buffer);
    else this.#writeBehind(this.#pending, buffer);
  }

  #writeBehind(prelude: Prelude, buffer: Buffer): void {
    this.#pending = undefined;
    this.#isTouched = false;
    this.#sent = prelude;
    this.#repliesLeft = prelude.replies;
    if (prelude.database !== undefined && buffer.includes(BACKSLASH)) {
      // What it means was decided for a session as it was when the connection was opened. Where that
      // matters, the move is confirmed first: its reply tells how the session is now.
      this.#toSocket(prelude.packets);
      this.#held = [buffer];
    } else if (buffer.length <= COPY_LIMIT) {
      this.#toSocket(Buffer.concat([prelude.packets, buffer]));
    } else {
      this.#toSocket(prelude.packets);
      this.#toSocket(buffer);
    }
  }

  #preludeConfirmed(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const buffer of held) this.#toSocket(buffer);
    this.#whenAnswered();
  }

  #readReply(packet: Packet): void {
    this.#repliesLeft--;
    const trouble = this.#troubleWith(packet);
    if (trouble !== undefined) this.#fail(trouble);
    else if (this.#repliesLeft === 0) this.#preludeConfirmed();
  }

  #troubleWith(packet: Packet): Error | undefined {
    const payload = packet.buffer.subarray(packet.start + 4, packet.end);
    if (payload[0] === ERROR) return packet.asError('utf8');
    if (payload[0] !== OK || packet.sequenceId !== FIRST_REPLY)
      return new Error('The replies are out of order.');
    if (this.#repliesLeft > 0 || this.#sent?.database === undefined) return undefined;
    try {
      return doubtOf(payload, this.#sent.database, {
        escapesBackslashes: this.#escapesBackslashes,
        foldsNames: this.#foldsNames,
      });
    } catch (error) {
      return new Error('A reply could not be read.', { cause: error });
    }
  }

  #fail(cause: Error): void {
    const database = this.#sent?.database;
    this.end();
    this.#onFailure(database === undefined ? cause : new RebindFailedError(database, { cause }));
  }

  /** What the driver knows of the session: its prepared statements and its character set. */
  #forgetSession(): void {
    const { config, _statements } = this.#client;
    config.charsetNumber = this.#charsetNumber;
    if (_statements.size === 0) return;
    // The server forgets them by itself. Being closed, they would send something, perhaps to the next
    // statement that the server gives the same number.
    for (const statement of _statements.values()) statement.close = () => {};
    _statements.clear();
  }

  #queryPacket(sql: string): Buffer {
    return queryPacket(sql, this.#hasAttributes);
  }

  /** Whether the connection has agreed that statements carry attributes. */
  get #hasAttributes(): boolean {
    const { config, serverCapabilityFlags } = this.#client;
    return (config.clientFlags & serverCapabilityFlags & QUERY_ATTRIBUTES) !== 0;
  }
}
