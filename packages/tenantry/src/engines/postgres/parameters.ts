import type { QueryConfig } from 'pg';
import type { Parameter } from '../../engine/connection.js';
import { assertParameterCount, type ParameterLimit } from '../../engine/parameters.js';
import { InvalidParameterError } from '../../errors.js';

/** The protocol counts parameters in 16 bits; the driver would send the remainder. */
const LIMIT: ParameterLimit = { of: 'PostgreSQL', most: 65_535 };

/** @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) */
export function assertCountable(values: readonly unknown[]): void {
  assertParameterCount(values.length, LIMIT);
}

/** The same for whatever the driver's `query` takes: a text, an object, or what speaks the protocol itself. */
export function assertQueryCountable(config: unknown, values: unknown): void {
  if (Array.isArray(values)) {
    assertCountable(values);
    return;
  }
  if (typeof config !== 'object' || config === null) return;
  // A stream keeps them in its cursor.
  const cursor: unknown = Reflect.get(config, 'cursor');
  const own: unknown = Reflect.get(typeof cursor === 'object' && cursor !== null ? cursor : config, 'values');
  if (Array.isArray(own)) assertCountable(own);
}

/** A text goes by the simple protocol, and the driver copies nothing. pg knows `queryMode`, its types do not. */
export type Statement = string | (QueryConfig & { readonly queryMode?: 'extended' });

/** @throws InvalidParameterError: NUL would end the text in the message, and the rest be read as protocol. */
export function assertText(sql: string): void {
  if (typeof sql === 'string' && !sql.includes('\0')) return;
  throw new InvalidParameterError('The statement is not a text, or has a NUL in it.', {
    hint: 'Pass SQL as a string; PostgreSQL has no way to store NUL in text either.',
  });
}

/** A value as the driver takes it. */
export function toDriver(value: Parameter): Exclude<Parameter, bigint | Uint8Array> | Buffer {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}

/** About how many bytes a statement takes in the protocol. */
export function sizeOf(statement: Statement): number {
  const { text, values = [] } = typeof statement === 'string' ? { text: statement } : statement;
  return values.reduce<number>(
    (sum, value) =>
      sum + 8 + (typeof value === 'string' || Buffer.isBuffer(value) ? Buffer.byteLength(value) : 32),
    Buffer.byteLength(text) + 64,
  );
}
