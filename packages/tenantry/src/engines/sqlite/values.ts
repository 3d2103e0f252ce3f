import { types } from 'node:util';
import type { Parameter, Row } from '../../engine/connection.js';
import { assertParameter } from '../../engine/parameters.js';
import { InvalidParameterError } from '../../errors.js';
import type { BoundValue, DriverHandle } from './driver-handle.js';

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;

/**
 * Turns parameters into what SQLite stores: whole numbers are bound as integers (the drivers would
 * make `5` of them `5.0`), booleans as 1 and 0, dates as ISO 8601 text in UTC.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) for a value that would not arrive whole
 * (an integer beyond 64 bits, a text with NUL) and for a wrong number of values; libsql would run the
 * statement all the same.
 */
export function bindParameters(params: readonly Parameter[], placeholders: number): BoundValue[] {
  if (params.length !== placeholders) {
    throw new InvalidParameterError(
      `The statement has ${placeholders} placeholder(s) and ${params.length} parameter(s) were given.`,
      { hint: 'Give one parameter for each "?" outside strings and comments.' },
    );
  }
  const values: BoundValue[] = [];
  for (let index = 0; index < placeholders; index++) {
    // Read once: what is read again may be another.
    const value = params[index];
    assertParameter(value, index);
    values.push(bindParameter(value, index));
  }
  return values;
}

function bindParameter(value: Parameter, index: number): BoundValue {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'bigint':
      if (isInteger64(value)) return value;
      throw invalid(index, 'an integer beyond 64 bits', 'Pass it as text.');
    case 'string':
      assertWhole(value, index);
      return value;
    default:
      return types.isDate(value) ? Date.prototype.toISOString.call(value) : value;
  }
}

/** Whether SQLite has room for it. */
export function isInteger64(value: bigint): boolean {
  return value >= MIN_INTEGER && value <= MAX_INTEGER;
}

/** @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) for a text that libsql would cut off at its first NUL. */
export function assertWhole(value: unknown, index: number): void {
  if (typeof value !== 'string' || !value.includes('\0')) return;
  throw invalid(index, 'a text with the character NUL', 'Remove it, or pass a Uint8Array.');
}

/**
 * Makes rows, read with integers as bigint, the same whatever the driver, in place: integers are
 * numbers where a number holds them exactly and stay bigint beyond 2^53; blobs are Buffers.
 */
export function normalizeRows(rows: Row[]): Row[] {
  for (const row of rows) {
    for (const column in row) {
      const value = row[column];
      if (typeof value === 'bigint') row[column] = normalizeInteger(value);
      else if (value instanceof ArrayBuffer) row[column] = Buffer.from(value);
    }
  }
  return rows;
}

/**
 * The key of the row that was inserted last, as a number where that is exact. The drivers give it as a number even where
 * that cannot hold it; then SQLite is asked.
 */
export function exactRowid(handle: Pick<DriverHandle, 'prepare'>, given: number | bigint): number | bigint {
  if (typeof given === 'bigint') return normalizeInteger(given);
  if (Number.isSafeInteger(given)) return given;
  const statement = handle.prepare('SELECT last_insert_rowid() AS id');
  statement.safeIntegers(true);
  return (statement.all([])[0]?.id as bigint | undefined) ?? BigInt(given);
}

/** A number where that is exact, else the bigint. */
export function normalizeInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function invalid(index: number, what: string, hint: string): InvalidParameterError {
  return new InvalidParameterError(`Parameter ${index + 1} is ${what}, which SQLite would not keep whole.`, {
    hint,
  });
}
