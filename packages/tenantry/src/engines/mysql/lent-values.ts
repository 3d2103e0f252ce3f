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

/** The values of a call. Drivers take them beside the text or in its place, where they come first. */
export function valuesOf(sql: unknown, values: unknown): unknown {
  return (typeof sql === 'object' && sql !== null && Reflect.get(sql, 'values')) || values;
}

/**
 * Refuses more values than a prepared statement can have, and what a driver finds that it cannot send when it is in the
 * middle of it, where nobody catches it: that of which no JSON can be made. A list is JSON there, too.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`); nothing was sent then.
 */
export function assertPreparable(values: unknown, areNamed: boolean): void {
  if (Array.isArray(values)) assertParameterCount(values.length, PREPARED);
  for (const value of each(values, areNamed)) assertWritable(value);
}

/**
 * Refuses what a driver finds that it cannot write into a text, as {@link assertPreparable} does. Lists are written element
 * by element, which may be whatever a value may be.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`); nothing was sent then.
 */
export function assertSendable(values: unknown, areNamed: boolean): void {
  for (const value of each(values, areNamed)) {
    if (Array.isArray(value) && !isRaw(value)) forElements(value, assertElement);
    else assertWritable(value);
  }
}

/** One by one: what is no list is the only one, unless it has them by their names. */
function each(values: unknown, areNamed: boolean): readonly unknown[] {
  // In the place of values a driver takes its callback.
  if (typeof values === 'function') return [];
  if (Array.isArray(values)) return values;
  return areNamed && typeof values === 'object' && values !== null ? Object.values(values) : [values];
}

function assertWritable(value: unknown): void {
  if (typeof value === 'object' && value !== null && isSentAsItIs(value)) return;
  assertElement(value);
}

/** Of a list that is written into a text: no stream is read there. */
function assertElement(value: unknown): void {
  if (typeof value === 'symbol' || typeof value === 'function') throw unwritable(`a ${typeof value}`);
  if (typeof value !== 'object' || value === null || isScalar(value)) return;
  const { text, cause } = writtenBy(value);
  if (text === undefined) throw unwritable('an object of which no text can be made', cause);
}

/** What a driver writes for a value, or why it cannot. */
function writtenBy(value: object): { readonly text?: string | undefined; readonly cause?: unknown } {
  try {
    return { text: isRaw(value) ? String(value.toSqlString()) : JSON.stringify(value) };
  } catch (cause) {
    return { cause };
  }
}

function assertValue(value: unknown): void {
  if (typeof value !== 'object' || value === null || isScalar(value) || isRaw(value)) return;
  if (!Array.isArray(value)) throw objectRefused();
  forElements(value, assertValue);
}

/** Of a list, and of those in it: a driver writes them one after the other, and one that is in itself without end. */
function forElements(
  list: unknown[],
  judge: (element: unknown) => void,
  around: readonly unknown[] = [],
): void {
  if (around.includes(list)) throw unwritable('a list that goes round in a circle');
  const way = [...around, list];
  for (const element of list) {
    if (Array.isArray(element) && !isRaw(element)) forElements(element, judge, way);
    else judge(element);
  }
}

function isScalar(value: object): boolean {
  return value instanceof Date || value instanceof Uint8Array || isTemporal(value);
}

/** What a driver makes no text of by itself; a stream is read when its turn comes. */
function isSentAsItIs(value: object): boolean {
  return isScalar(value) || ('pipe' in value && typeof value.pipe === 'function');
}

function isTemporal(value: object): boolean {
  return Object.prototype.toString.call(value).startsWith('[object Temporal.');
}

/** Nothing that was parsed from JSON can have a function. */
function isRaw(value: object): value is { toSqlString(): unknown } {
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

function unwritable(what: string, cause?: unknown): InvalidParameterError {
  return new InvalidParameterError(`A value is ${what}.`, {
    hint: 'Pass what JSON has a form for: no cycles, no bigints inside of objects, no symbols.',
    cause,
  });
}
