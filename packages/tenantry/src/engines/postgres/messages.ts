/**
 * The few messages of PostgreSQL's protocol (version 3) that are written without the driver: a byte that
 * says which, the length of the rest with its own four bytes, and texts that end with NUL.
 */

/** A simple query: answered with a ReadyForQuery of its own. */
export function query(sql: string): Buffer {
  return message('Q', text(sql));
}

/** Prepares a statement without parameters; the empty name is the unnamed one. Fails if the name is taken. */
export function parse(name: string, sql: string): Buffer {
  return message('P', text(name), text(sql), NO_ITEMS);
}

/** Runs the unnamed statement, and asks for no description of its rows. */
export function run(): Buffer {
  const unnamedPortal = text('');
  const unnamedStatement = text('');
  return Buffer.concat([
    message('B', unnamedPortal, unnamedStatement, NO_ITEMS, NO_ITEMS, NO_ITEMS),
    message('E', unnamedPortal, ALL_ROWS),
  ]);
}

/** Describes a prepared statement. Fails if there is none of this name. */
export function describe(name: string): Buffer {
  return message('D', STATEMENT, text(name));
}

/** Closes a prepared statement; does nothing if there is none of this name. */
export function close(name: string): Buffer {
  return message('C', STATEMENT, text(name));
}

/** Ends a series of messages: after an error the server skips all that comes before it. */
export function sync(): Buffer {
  return message('S');
}

const STATEMENT = Buffer.from('S');
/** A 16-bit count of nothing: parameter types, formats, values. */
const NO_ITEMS = Buffer.alloc(2);
const ALL_ROWS = Buffer.alloc(4);

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(4 + parts.reduce((sum, part) => sum + part.length, 0), 1);
  return Buffer.concat([head, ...parts]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}
