import { isReadOnlyAnswer } from './errors.js';
import { Command, errorOf, okFlags, okTellsOfTraces, okVariable } from './packets.js';

/** The flags that the server sends with every OK and EOF packet. */
export const ServerStatus = {
  inTransaction: 0x1,
  autocommit: 0x2,
  moreResults: 0x8,
  noBackslashEscapes: 0x200,
  inReadOnlyTransaction: 0x2000,
} as const;

type Phase = 'handshake' | 'idle' | 'header' | 'columns' | 'rows' | 'prepared' | 'definitions' | 'broken';

/** Character sets of a client in which no byte of a character looks like one of ASCII, as the driver writes them. */
const SAFE_CHARSETS: ReadonlySet<string> = new Set(['utf8mb4', 'utf8mb3', 'utf8']);
const OK = 0x00;
const LOCAL_INFILE = 0xfb;
const EOF = 0xfe;
const ERROR = 0xff;

/**
 * Reads the server's status from the replies to a connection's commands. mysql2 keeps the flags of an
 * OK packet and drops those of the EOF packet that ends a SELECT, so it has to be seen on the wire.
 */
export class StatusWatch {
  #phase: Phase = 'handshake';
  #flags: number | undefined;
  /** The last flags that came, whatever happened since. */
  #lastFlags = 0;
  /** While a prepared statement is being described: how many EOF packets will come. */
  #endsLeft = 0;
  #escapesBackslashes = true;
  #keepsMode = true;
  #speaksUtf8 = true;
  #tellsOfTraces = false;
  #endedInError = false;
  #cannotWrite = false;
  /** Replies that have come to their end, and those of them after which no transaction was open. */
  answers = 0;
  rests = 0;

  /** To be called when the handshake is over: from now on packets are replies to commands. */
  begin(): void {
    this.#phase = 'idle';
  }

  /**
   * The flags of the last reply, or undefined while one is outstanding, after an error (an error
   * packet carries no flags) and after anything that was not understood.
   */
  get flags(): number | undefined {
    return this.#phase === 'idle' ? this.#flags : undefined;
  }

  /** Whether a backslash in a string literal escapes, as of the last reply with flags. */
  get escapesBackslashes(): boolean {
    return this.#escapesBackslashes;
  }

  /**
   * Whether every reply since the session began has told the same of backslashes. A reply that tells otherwise may be
   * of its statement alone: `SET STATEMENT sql_mode = ... FOR ...` leaves the session as it was. So it proves nothing.
   */
  get keepsMode(): boolean {
    return this.#keepsMode;
  }

  /** Whether the server takes what the client sends for UTF-8, as far as it reports changes of that. */
  get speaksUtf8(): boolean {
    return this.#speaksUtf8;
  }

  /**
   * Whether the server said of any statement that it left something in the session: a generated key,
   * warnings, an error, a database, a variable that it tracks.
   */
  get tellsOfTraces(): boolean {
    return this.#tellsOfTraces;
  }

  /**
   * Whether nothing is outstanding, {@link flags} are unknown only because the last reply was an error, and
   * no transaction was open before.
   */
  get endedInError(): boolean {
    return this.#phase === 'idle' && this.#endedInError && !isOpen(this.#lastFlags);
  }

  /** Whether the server refused to write, and nobody had asked for that: it is not, or no longer, one to write to. */
  get cannotWrite(): boolean {
    return this.#cannotWrite;
  }

  /** Whether a transaction is open, by the last flags that came. */
  get lastlyInTransaction(): boolean {
    return isInTransaction(this.#lastFlags);
  }

  /** To be called when the session is about to be reset: whether a backslash escapes in a fresh one. */
  expectReset(escapesBackslashes: boolean): void {
    this.#escapesBackslashes = escapesBackslashes;
    this.#keepsMode = true;
    this.#speaksUtf8 = true;
    this.forgetTraces();
  }

  /** To be called when what the session holds is what it has to hold. */
  forgetTraces(): void {
    this.#tellsOfTraces = false;
  }

  /** Whether a transaction was open, or the next statement would open one, by the last flags that came. */
  get isOpen(): boolean {
    return isOpen(this.#lastFlags);
  }

  /** Whether the last reply has come to its end. */
  get isComplete(): boolean {
    return this.#phase === 'idle';
  }

  /** A command is sent: most have a reply, some one of their own, or none. */
  sent(command: number | undefined): void {
    if (this.#phase === 'handshake') return;
    // Sent before the reply to the one before it was complete, the two cannot be told apart any more.
    if (this.#phase !== 'idle') this.#phase = 'broken';
    else if (command === Command.prepare) this.#phase = 'prepared';
    else if (command !== Command.closeStatement && command !== Command.sendLongData) this.#phase = 'header';
  }

  /** A packet came: what lies in `buffer` between `start`, past the header, and `end`. */
  see(buffer: Buffer, start: number, end: number): void {
    switch (this.#phase) {
      case 'handshake':
      case 'broken':
        return;
      case 'idle':
        // Nobody asked: the server is ending the session.
        this.#phase = 'broken';
        return;
      case 'header':
        this.#seeHeader(buffer, start, end);
        return;
      case 'columns':
        if (isEof(buffer, start, end)) this.#phase = 'rows';
        else if (buffer[start] === ERROR) this.#finishUnknown(buffer, start, end);
        return;
      case 'rows':
        if (isEof(buffer, start, end)) this.#finishRows(buffer, start);
        else if (buffer[start] === ERROR) this.#finishUnknown(buffer, start, end);
        return;
      case 'prepared':
        this.#seePrepared(buffer, start, end);
        return;
      case 'definitions':
        if (isEof(buffer, start, end) && --this.#endsLeft === 0) this.#finish(buffer.readUInt16LE(start + 3));
        return;
    }
  }

  #seeHeader(buffer: Buffer, start: number, end: number): void {
    switch (start < end ? buffer[start] : undefined) {
      case OK:
        this.#finishOk(buffer.subarray(start, end));
        return;
      case ERROR:
        this.#finishUnknown(buffer, start, end);
        return;
      case LOCAL_INFILE:
        return;
      case EOF:
      case undefined:
        this.#phase = 'broken';
        return;
      default:
        this.#phase = 'columns';
    }
  }

  /** Marker, statement id, number of columns, number of parameters; each of both is described if there are any. */
  #seePrepared(buffer: Buffer, start: number, end: number): void {
    if (buffer[start] !== OK) {
      this.#finishUnknown(buffer, start, end);
      return;
    }
    const [columns, parameters] = [buffer.readUInt16LE(start + 5), buffer.readUInt16LE(start + 7)];
    this.#endsLeft = Math.sign(columns) + Math.sign(parameters);
    this.answers++;
    // Preparing changes no status, so that of the last reply holds on.
    this.#phase = this.#endsLeft === 0 ? 'idle' : 'definitions';
  }

  /** An error packet carries no flags. */
  #finishUnknown(buffer: Buffer, start: number, end: number): void {
    const mayWrite = (this.#lastFlags & ServerStatus.inReadOnlyTransaction) === 0;
    if (mayWrite && isReadOnlyAnswer(...errorOf(buffer.subarray(start, end)))) this.#cannotWrite = true;
    this.#flags = undefined;
    this.#endedInError = true;
    this.#tellsOfTraces = true;
    this.answers++;
    this.#phase = 'idle';
  }

  #finishOk(payload: Buffer): void {
    this.#tellsOfTraces ||= okTellsOfTraces(payload);
    const charset = okVariable(payload, 'character_set_client');
    if (charset !== undefined) this.#speaksUtf8 = SAFE_CHARSETS.has(charset);
    this.#finish(okFlags(payload));
  }

  /** Marker, number of warnings, flags. */
  #finishRows(buffer: Buffer, start: number): void {
    this.#tellsOfTraces ||= buffer.readUInt16LE(start + 1) !== 0;
    this.#finish(buffer.readUInt16LE(start + 3));
  }

  #finish(flags: number): void {
    this.#endedInError = false;
    const escapesBackslashes = (flags & ServerStatus.noBackslashEscapes) === 0;
    if (escapesBackslashes !== this.#escapesBackslashes) {
      this.#escapesBackslashes = escapesBackslashes;
      this.#keepsMode = false;
      this.#tellsOfTraces = true;
    }
    const more = (flags & ServerStatus.moreResults) !== 0;
    this.#flags = more ? undefined : flags;
    this.#lastFlags = flags;
    this.answers++;
    if (!isInTransaction(flags)) this.rests++;
    this.#phase = more ? 'header' : 'idle';
  }
}

/** Whether a transaction is open, or the next statement would open one. */
export function isOpen(flags: number): boolean {
  return isInTransaction(flags) || (flags & ServerStatus.autocommit) === 0;
}

/** Whether a transaction is open. */
export function isInTransaction(flags: number): boolean {
  return (flags & (ServerStatus.inTransaction | ServerStatus.inReadOnlyTransaction)) !== 0;
}

/** A row can begin with the same byte, but only if its first value has 16 MiB or more. */
function isEof(buffer: Buffer, start: number, end: number): boolean {
  return buffer[start] === EOF && end - start < 9;
}
