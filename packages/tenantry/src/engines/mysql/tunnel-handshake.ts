/** What a greeting tells of mysql2's connection. */
export interface GreetedClient {
  readonly threadId: number;
  readonly _handshakePacket: { readonly serverVersion: string; readonly characterSet: number };
  readonly _mariadbExtendedMetadata: boolean;
  readonly config: { readonly clientFlags: number };
  readonly serverCapabilityFlags: number;
}

const PROTOCOL = 10;
const AUTOCOMMIT = 0x2;
const NO_BACKSLASH_ESCAPES = 0x200;
const PLUGIN = 'mysql_native_password';
const SALT = 20;
/** What needs another agreement with the server than there is: TLS, compression, local files, several statements. */
const NOT_OFFERED = 0x800 | 0x20 | 0x80 | 0x10000;
/** MariaDB leaves the first flag out to say that four bytes of its own follow. */
const IS_MYSQL = 0x1;
const EXTENDED_METADATA = 0x8;
/** What a greeting promises and no connection has to agree to: that it has authentication by plugins. */
const OFFERED = 0x200 | 0x8000 | 0x80000 | 0x20000 | 0x40000;

/**
 * The greeting of a server that can do what this connection has agreed on with the real one, and nothing
 * else, so that its replies are what the other driver expects.
 */
export function greetingPacket(client: GreetedClient, status: number): Buffer {
  const { serverVersion, characterSet } = client._handshakePacket;
  const agreed = client.config.clientFlags & client.serverCapabilityFlags;
  const flags = ((agreed | OFFERED) & ~NOT_OFFERED & ~IS_MYSQL) >>> 0;
  const fixed = Buffer.alloc(4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 6 + 4);
  let at = fixed.writeUInt32LE(client.threadId, 0);
  // The salt of a password that nobody asks for.
  fixed.fill('s', at, at + 8);
  at += 9;
  at = fixed.writeUInt16LE(flags & 0xffff, at);
  at = fixed.writeUInt8(characterSet, at);
  at = fixed.writeUInt16LE(status, at);
  at = fixed.writeUInt16LE(flags >>> 16, at);
  at = fixed.writeUInt8(SALT + 1, at);
  fixed.writeUInt32LE(client._mariadbExtendedMetadata ? EXTENDED_METADATA : 0, at + 6);
  const text = (value: string) => Buffer.from(`${value}\0`, 'latin1');
  return packet(0, [
    Buffer.from([PROTOCOL]),
    text(serverVersion),
    fixed,
    text('s'.repeat(SALT - 8)),
    text(PLUGIN),
  ]);
}

/** The flags of a session of ours that has just been leased: how the other driver escapes depends on them. */
export function freshStatus(escapesBackslashes: boolean): number {
  return AUTOCOMMIT | (escapesBackslashes ? 0 : NO_BACKSLASH_ESCAPES);
}

/** The answer to something that has no result. */
export function okPacket(sequenceId: number, status: number): Buffer {
  return packet(sequenceId, [Buffer.from([0, 0, 0, status & 0xff, status >>> 8, 0, 0])]);
}

function packet(sequenceId: number, parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequenceId;
  return Buffer.concat([header, payload]);
}
