import { assertParameterCount, type ParameterLimit } from '../../engine/parameters.js';
import { InvalidParameterError } from '../../errors.js';

/**
 * Refuses the values of a text statement that the driver would expand into SQL: objects, also inside of
 * arrays. Arrays themselves are lists, `IN (?)` and `VALUES ?`, as everybody who knows the driver writes
 * them; `raw()` is SQL by its name.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`); nothing was sent then.
 */
export function assertBindable(values: unknown, isNamed: boolean): void {
  if (values === undefined || values === null) return;
  if (isNamed && !Array.isArray(values) && typeof values === 'object') {
    for (const value of Object.values(values)) assertValue(value);
  } else assertValue(values);
}

/** The protocol counts the parameters of a prepared statement in 16 bits; those written into a text are not counted. */
const PREPARED: ParameterLimit = { of: 'A prepared statement', most: 65_535 };

/**
 * Refuses more values than a prepared statement can have, in whatever form a driver's `execute` takes them.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`); nothing was sent then.
 */
export function assertPreparable(sql: unknown, values: unknown): void {
  const own: unknown = typeof sql === 'object' && sql !== null ? Reflect.get(sql, 'values') : undefined;
  for (const list of [values, own]) if (Array.isArray(list)) assertParameterCount(list.length, PREPARED);
}

function assertValue(value: unknown): void {
  if (typeof value !== 'object' || value === null || isScalar(value) || isRaw(value)) return;
  if (!Array.isArray(value)) throw objectRefused();
  for (const each of value) assertValue(each);
}

function isScalar(value: object): boolean {
  return value instanceof Date || value instanceof Uint8Array || isTemporal(value);
}

function isTemporal(value: object): boolean {
  return Object.prototype.toString.call(value).startsWith('[object Temporal.');
}

/** Nothing that was parsed from JSON can have a function. */
function isRaw(value: object): boolean {
  return 'toSqlString' in value && typeof value.toSqlString === 'function';
}

/** Whether values bring no SQL of their own, so that the text says all that is run. */
export function textIsWhole(values: unknown): boolean {
  if (typeof values !== 'object' || values === null || isScalar(values)) return true;
  if (isRaw(values)) return false;
  for (const value of Object.values(values)) {
    if (typeof value === 'object' && value !== null && !textIsWhole(value)) return false;
  }
  return true;
}

/** The error for values that cannot be written into a text, for a reason as `Wire.escapingTrouble` gives it. */
export function unsafeToEscape(reason: string): InvalidParameterError {
  return new InvalidParameterError(`Values cannot be escaped safely: ${reason}.`, {
    hint: 'Keep sql_mode without NO_BACKSLASH_ESCAPES and the character set utf8mb4, or let the server bind: execute().',
  });
}

function objectRefused(): InvalidParameterError {
  return new InvalidParameterError('A value is an object, which the driver would expand into SQL.', {
    hint: 'JSON.stringify it, or write its columns into the statement.',
  });
}
