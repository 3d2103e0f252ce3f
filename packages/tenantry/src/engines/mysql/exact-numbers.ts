/** A packet of mysql2, as far as it reads what is in it. */
export interface ReadingPacket {
  readLengthCodedNumber(asText: boolean): unknown;
  readLengthCodedNumberSigned(asText: boolean): unknown;
  readLengthCodedString(encoding: string): string | null;
  parseJson(encoding: string, supportsBigNumbers: boolean): unknown;
}

/**
 * Has a packet give integers as they are. mysql2 reads a generated key as a signed number, so that one of
 * `BIGINT UNSIGNED` beyond 2^63 would be negative; and it keeps the digits of integers in JSON only where `JSON.parse`
 * tells a number's own text, which Node.js 20 does not. The driver has one packet for all that a connection
 * receives, so this costs something once.
 */
export function readExactly(packet: ReadingPacket): void {
  if (packet.readLengthCodedNumberSigned === readUnsigned) return;
  packet.readLengthCodedNumberSigned = readUnsigned;
  if (!PARSES_EXACTLY) packet.parseJson = parseJson;
}

const PARSES_EXACTLY = parsesExactly();
const LONG = /\d{16}/;
/** What is escaped in a text, its begin or end, or what is a number unless it is in a text. */
const PART = /\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;

function readUnsigned(this: ReadingPacket, asText: boolean): unknown {
  return this.readLengthCodedNumber(asText);
}

/** As the driver does it with a later Node.js: integers that a number does not hold are texts. */
function parseJson(this: ReadingPacket, encoding: string, supportsBigNumbers: boolean): unknown {
  const text = this.readLengthCodedString(encoding);
  if (text === null) return null;
  return JSON.parse(supportsBigNumbers && LONG.test(text) ? withLongQuoted(text) : text);
}

function withLongQuoted(json: string): string {
  let isInText = false;
  return json.replace(PART, (part) => {
    if (part === '"') isInText = !isInText;
    const isLong = !isInText && INTEGER.test(part) && !Number.isSafeInteger(Number(part));
    return isLong ? `"${part}"` : part;
  });
}

function parsesExactly(): boolean {
  let tells = false;
  JSON.parse('1', (_key, _value, ...context: readonly unknown[]) => {
    tells = context.length > 0;
  });
  return tells;
}
