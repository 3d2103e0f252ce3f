import { Duplex } from 'node:stream';
import { LeaseEndedError, NotSupportedError } from '../../errors.js';
import { Command } from './packets.js';
import { freshStatus, type GreetedClient, greetingPacket, okPacket } from './tunnel-handshake.js';
import type { Wire } from './wire.js';

/** mysql2's connection, as far as commands go through it. */
export interface TunnelClient extends GreetedClient {
  sequenceId: number;
  readonly _isMariaDB: boolean;
  addCommand(command: unknown): unknown;
  write(buffer: Buffer): void;
  pause(): void;
  resume(): void;
}

/** One for all: where a loan was made says nothing of who uses it later, and a stack costs as much as a statement. */
const ENDED = new LeaseEndedError('This connection was given back, and may serve another tenant now.', {
  hint: 'Ask for a connection for each piece of work, and use it only until you release it.',
});

/** A packet as mysql2 reads it: header and payload lie in `buffer` between `start` and `end`. */
interface Packet {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly sequenceId: number;
}

const HEADER = 4;
/** A longer payload goes on in the next packet. */
const LONGEST_PAYLOAD = 0xffffff;
/** What another driver sends at its start, and what our sessions have already. */
const SETS_UTC = "SET time_zone='+00:00'";
const PASSED: ReadonlySet<number | undefined> = new Set([
  Command.query,
  Command.ping,
  Command.prepare,
  Command.execute,
  Command.sendLongData,
  Command.closeStatement,
  Command.resetStatement,
  Command.fetch,
  Command.resetConnection,
]);
/** Single and double quotes, backticks, backslashes. */
const QUOTES: ReadonlySet<number> = new Set([0x27, 0x22, 0x60, 0x5c]);
const UNANSWERED: ReadonlySet<number | undefined> = new Set([Command.closeStatement, Command.sendLongData]);

/**
 * A lent connection as a socket, for another driver of the same protocol: it is greeted as by the server,
 * and from then on its commands and their replies are passed on as they are. Everything that is done for
 * commands of mysql2 is done for those as well: they are judged, moved ahead of and waited for one by one.
 */
export class Tunnel extends Duplex {
  readonly #client: TunnelClient;
  readonly #wire: Wire;
  #received: Buffer = Buffer.alloc(0);
  /** The packets so far of a command that is longer than one. */
  #parts: Buffer[] = [];
  #greeted = false;
  #started = false;
  #paused = false;
  #prepared = 0;

  constructor(client: TunnelClient, wire: Wire) {
    super();
    this.#client = client;
    this.#wire = wire;
    this.push(greetingPacket(client, this.#status));
  }

  /** What drivers do with a socket, and what means nothing here. */
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#client.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // Whoever writes may fill its buffer anew, and a command may have to wait.
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const length = this.#received.length < HEADER ? undefined : this.#received.readUIntLE(0, 3);
      if (length === undefined || this.#received.length < HEADER + length) break;
      const packet = this.#received.subarray(0, HEADER + length);
      this.#received = this.#received.subarray(HEADER + length);
      this.#parts.push(packet);
      if (length < LONGEST_PAYLOAD) this.#take(this.#parts.splice(0));
    }
    done();
  }

  #take(packets: Buffer[]): void {
    if (!this.#greeted) {
      // The reply to the greeting. Who it is has been proved when the connection was opened.
      this.#greeted = true;
      this.#say(okPacket(2, this.#status));
      return;
    }
    const [first] = packets;
    const command = first?.[HEADER];
    if (command === Command.quit) this.push(null);
    else if (!PASSED.has(command)) this.destroy(refused(command));
    else if (command === Command.query && !this.#isReadable && !isPlain(packets)) this.destroy(unreadable());
    else if (command === Command.resetConnection && this.#wire.status.isOpen) this.destroy(resetRefused());
    else if (!this.#started && first?.toString('latin1', HEADER + 1) === SETS_UTC)
      this.#say(okPacket(1, this.#status));
    else {
      this.#started = true;
      this.#count(command);
      this.#client.addCommand(
        new Passing(packets, UNANSWERED.has(command), (packet) => this.#answer(packet), this),
      );
    }
  }

  /** Whether the driver knows how the server reads what it writes into a text. */
  get #isReadable(): boolean {
    const { speaksUtf8, keepsMode } = this.#wire.status;
    return speaksUtf8 && keepsMode;
  }

  get #status(): number {
    return freshStatus(this.#wire.status.escapesBackslashes);
  }

  /** An answer of our own comes like the server's: after the driver has finished asking. */
  #say(packet: Buffer): void {
    process.nextTick(() => this.push(packet));
  }

  /** What the other driver prepared, and will not close any more, is left in the session. */
  #count(command: number | undefined): void {
    if (command === Command.prepare) this.#prepared++;
    else if (command === Command.closeStatement) this.#prepared--;
  }

  /** Ends it with the loan; `reason` is what its driver is told. */
  release(reason: Error = ENDED): void {
    if (this.#prepared > 0) this.#wire.leaves('values');
    this.destroy(reason);
  }

  /** Passes a reply on; whether it was the last of its command. */
  #answer(packet: Packet): boolean {
    const isLast = this.#wire.status.isComplete;
    const wantsMore = this.push(framed(packet));
    if (!wantsMore && !isLast && !this.#paused) {
      this.#paused = true;
      this.#client.pause();
    }
    return isLast;
  }
}

/** A command of another driver, as mysql2 runs commands. */
class Passing {
  constructor(
    readonly packets: readonly Buffer[],
    readonly isUnanswered: boolean,
    readonly answer: (packet: Packet) => boolean,
    readonly tunnel: Tunnel,
  ) {}

  /** Called at its turn without a packet, and then with each that comes. True when it is done. */
  execute(packet: Packet | undefined, client: TunnelClient): boolean {
    if (packet !== undefined) return this.answer(packet);
    client.sequenceId = this.packets.length % 256;
    client.write(this.packets.length === 1 ? (this.packets[0] as Buffer) : Buffer.concat(this.packets));
    return this.isUnanswered;
  }

  /** The connection has ended. */
  onResult(error: Error): void {
    this.tunnel.destroy(error);
  }
}

/** The bytes of a packet, as they came: mysql2 joins what came in several, and loses the lengths. */
function framed({ buffer, start, end, sequenceId }: Packet): Buffer {
  const payload = buffer.subarray(start + HEADER, end);
  const parts: Buffer[] = [];
  for (let at = 0, id = sequenceId; at <= payload.length; at += LONGEST_PAYLOAD, id++) {
    const part = payload.subarray(at, at + LONGEST_PAYLOAD);
    const header = Buffer.alloc(HEADER);
    header.writeUIntLE(part.length, 0, 3);
    header[3] = id % 256;
    parts.push(header, part);
  }
  // A copy, for the driver uses its buffers again.
  return Buffer.concat(parts);
}

/** Whether a statement holds no quote, no backslash and nothing beyond ASCII, so that no value of anybody is in it. */
function isPlain(packets: readonly Buffer[]): boolean {
  return packets.every((packet) =>
    packet.subarray(HEADER + 1).every((byte) => byte < 0x80 && !QUOTES.has(byte)),
  );
}

/** The other driver wrote values into a text, and what the server would make of them is not known. */
function unreadable(): NotSupportedError {
  return new NotSupportedError(
    'The character set or the sql_mode of this connection was changed, so values cannot be escaped safely.',
    {
      hint: 'Keep utf8mb4 and what sql_mode says of backslashes, or let the server bind: execute().',
    },
  );
}

/** It would leave a distributed transaction prepared, and hide that. */
function resetRefused(): NotSupportedError {
  return new NotSupportedError('A connection that is lent is not reset in the middle of a transaction.', {
    hint: 'Roll back first.',
  });
}

function refused(command: number | undefined): NotSupportedError {
  return new NotSupportedError(
    `A connection that is lent does not let command ${command} of the protocol run.`,
    {
      hint: 'Its user, its database and its protocol belong to the pool.',
    },
  );
}
