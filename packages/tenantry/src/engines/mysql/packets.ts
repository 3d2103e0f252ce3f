/** Commands of MySQL's protocol, as far as they are written or told apart here. */
export const Command = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  ping: 0x0e,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  fetch: 0x1c,
  resetConnection: 0x1f,
} as const;

const VARIABLES_CHANGED = 0;
const SCHEMA_CHANGED = 1;
const SESSION_STATE_CHANGED = 0x4000;

/** Forgets everything of a session but its user, its role and its current database. */
export function resetConnectionPacket(): Buffer {
  return packet(Command.resetConnection, Buffer.alloc(0));
}

/** Changes the current database. */
export function initDbPacket(database: string): Buffer {
  return packet(Command.initDb, Buffer.from(database, 'utf8'));
}

/** A statement. `withAttributes`: the connection has agreed that statements carry query attributes; there are none. */
export function queryPacket(sql: string, withAttributes: boolean): Buffer {
  const attributes = Buffer.from(withAttributes ? [0, 1] : []);
  return packet(Command.query, Buffer.concat([attributes, Buffer.from(sql, 'utf8')]));
}

function packet(command: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUIntLE(1 + body.length, 0, 3);
  header[4] = command;
  return Buffer.concat([header, body]);
}

/** The number and the text of an error packet; the text with its state in front. */
export function errorOf(payload: Buffer): [number: number, message: string] {
  return [payload.readUInt16LE(1), payload.toString('utf8', 3)];
}

/** The status flags of an OK packet: they follow its marker and two numbers of varying length. */
export function okFlags(payload: Buffer): number {
  return payload.readUInt16LE(afterNumber(payload, afterNumber(payload, 1)));
}

/** Whether an OK packet tells of a generated key, of warnings or of changes of the session. */
export function okTellsOfTraces(payload: Buffer): boolean {
  const key = afterNumber(payload, 1);
  const flags = afterNumber(payload, key);
  if (payload[key] !== 0 || payload.readUInt16LE(flags + 2) !== 0) return true;
  return (payload.readUInt16LE(flags) & SESSION_STATE_CHANGED) !== 0;
}

/** The database that an OK packet says is the current one from now on; undefined if it does not say. */
export function okSchema(payload: Buffer): string | undefined {
  for (const { type, at } of changes(payload)) if (type === SCHEMA_CHANGED) return text(payload, at);
  return undefined;
}

/** The value that an OK packet says a variable has from now on; undefined if it does not say. */
export function okVariable(payload: Buffer, name: string): string | undefined {
  let value: string | undefined;
  for (const { type, at, end } of changes(payload)) {
    if (type !== VARIABLES_CHANGED) continue;
    // One after the other, each a name and a value.
    for (let variable = at; variable < end; ) {
      const valueAt = afterText(payload, variable);
      if (text(payload, variable) === name) value = text(payload, valueAt);
      variable = afterText(payload, valueAt);
    }
  }
  return value;
}

/** What an OK packet says of changes of the session: of what type, and where the rest of it lies. */
function* changes(payload: Buffer): Generator<{ type: number | undefined; at: number; end: number }> {
  const flags = afterNumber(payload, afterNumber(payload, 1));
  if ((payload.readUInt16LE(flags) & SESSION_STATE_CHANGED) === 0) return;
  // The flags, the number of warnings, a text for people, the length of all changes.
  let at = afterNumber(payload, afterText(payload, flags + 4));
  while (at < payload.length) {
    const end = afterText(payload, at + 1);
    yield { type: payload[at], at: afterNumber(payload, at + 1), end };
    at = end;
  }
}

function text(payload: Buffer, at: number): string {
  return payload.toString('utf8', afterNumber(payload, at), afterText(payload, at));
}

function afterText(payload: Buffer, at: number): number {
  return afterNumber(payload, at) + numberAt(payload, at);
}

/** A number takes one byte, or a marker and two, three or eight bytes. */
function numberAt(payload: Buffer, at: number): number {
  const first = payload.readUInt8(at);
  if (first < 0xfb) return first;
  return first === 0xfc ? payload.readUInt16LE(at + 1) : payload.readUIntLE(at + 1, 3);
}

function afterNumber(payload: Buffer, at: number): number {
  switch (payload[at]) {
    case 0xfc:
      return at + 3;
    case 0xfd:
      return at + 4;
    case 0xfe:
      return at + 9;
    default:
      return at + 1;
  }
}
