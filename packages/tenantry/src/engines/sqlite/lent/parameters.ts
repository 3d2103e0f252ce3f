import { InvalidParameterError } from '../../../errors.js';

/**
 * Whether values can be bound, as better-sqlite3 has it: numbers, texts, bigints, bytes and null, in arrays
 * and in objects by their names. libsql would end the process over some others.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function assertBindable(values: readonly unknown[]): void {
  for (const value of values) {
    if (isScalar(value)) continue;
    if (Array.isArray(value)) assertScalars(value);
    else if (isPlainObject(value)) assertScalars(Object.values(value));
    else throw unbindable(value);
  }
}

function assertScalars(values: readonly unknown[]): void {
  for (const value of values) if (!isScalar(value)) throw unbindable(value);
}

function isScalar(value: unknown): boolean {
  const type = typeof value;
  if (type === 'number' || type === 'string' || type === 'bigint') return true;
  return value === null || value instanceof Uint8Array;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unbindable(value: unknown): InvalidParameterError {
  const what = value instanceof Date ? 'a Date' : `of type ${typeof value}`;
  return new InvalidParameterError(`A parameter is ${what}, which SQLite cannot store as it is.`, {
    hint: 'Pass numbers, texts, bigints, bytes or null: 1 for true, date.toISOString() for a date.',
  });
}
