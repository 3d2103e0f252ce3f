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

/** What the driver writes as it is, and would fail at in the middle of a message. */
const TEXTS = ['text', 'name', 'portal'] as const;

/**
 * Looks at whatever the driver's `query` takes (a text, an object, or what speaks the protocol itself) for what it would
 * find out too late: when a part is written, or in an event of the socket, where nobody catches it.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function assertQuery(config: unknown, values: unknown): void {
  if (Array.isArray(values)) assertCountable(values);
  if (typeof config !== 'object' || config === null) return;
  for (const key of TEXTS) {
    const text: unknown = Reflect.get(config, key);
    if (text === undefined || text === null || typeof text === 'string') continue;
    throw new InvalidParameterError(`The ${key} of the query is no text.`, {
      hint: `Pass ${key} as a string, or leave it out.`,
    });
  }
  assertTypes(Reflect.get(config, 'types'));
  if (Array.isArray(values)) return;
  // A stream keeps them in its cursor.
  const cursor: unknown = Reflect.get(config, 'cursor');
  const own: unknown = Reflect.get(typeof cursor === 'object' && cursor !== null ? cursor : config, 'values');
  if (Array.isArray(own)) assertCountable(own);
}

/** What the driver reads of a query's configuration. */
const CONFIG = [
  ...['text', 'values', 'name', 'types', 'rowMode', 'rows', 'portal', 'binary', 'queryMode'],
  ...['callback', 'query_timeout'],
];

/**
 * A statement and its values as the driver's `query` takes them, checked as {@link assertQuery} does, each part of which was
 * read once: what was checked is what is sent.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function ownQuery(config: unknown, values: unknown): readonly [config: unknown, values: unknown] {
  const own = typeof config === 'object' && config !== null ? ownConfig(config) : config;
  const list = ownList(values);
  assertQuery(own, list);
  return [own, list];
}

function ownConfig(config: object): object {
  const own: Record<string, unknown> = {};
  for (const key of CONFIG) {
    const value: unknown = Reflect.get(config, key);
    if (value !== undefined) own[key] = ownList(value);
  }
  return own;
}

function ownList(values: unknown): unknown {
  return Array.isArray(values) ? Array.from(values) : values;
}

function assertTypes(types: unknown): void {
  if (types === undefined || types === null) return;
  if (typeof types === 'object' && typeof Reflect.get(types, 'getTypeParser') === 'function') return;
  throw new InvalidParameterError('The types of the query have no getTypeParser.', {
    hint: 'Pass types as pg has them: { getTypeParser: (oid, format) => (value) => ... }, or leave them out.',
  });
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
