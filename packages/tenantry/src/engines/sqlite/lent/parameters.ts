import { types } from 'node:util';
import { InvalidParameterError } from '../../../errors.js';
import { quoteForMessage } from '../../../tenant/name.js';
import type { BoundValue } from '../driver-handle.js';
import { isInteger64 } from '../values.js';

/** What a caller gave for a statement's parameters, each value read once: what is read again may be another. */
export interface GivenValues {
  readonly listed: readonly BoundValue[];
  /** Of one plain object; only those that the statement names are looked at. */
  readonly named: ReadonlyMap<string, unknown> | undefined;
}

/**
 * Takes what better-sqlite3 takes: numbers, texts, bigints, bytes and null, one by one or in arrays, and one plain object
 * of named ones. libsql would end the process over some others.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function readValues(params: readonly unknown[]): GivenValues {
  const listed: BoundValue[] = [];
  let named: ReadonlyMap<string, unknown> | undefined;
  for (const param of params) {
    if (Array.isArray(param)) for (let at = 0; at < param.length; at++) listed.push(bindable(param[at]));
    else if (!isPlainObject(param)) listed.push(bindable(param));
    else if (named === undefined) named = new Map(Object.entries(param));
    else {
      throw new InvalidParameterError('Named parameters are given in two objects.', {
        hint: 'Pass one object with all of them.',
      });
    }
  }
  return { listed, named };
}

/**
 * The values of a statement's parameters, in the order of `names`: undefined for a `?`. The others are the object's, by
 * their names; `?1` is also the first of a list.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`) unless each parameter has its value, and each value of the
 * list its parameter. better-sqlite3 says so too; libsql stores NULL, or drops the value.
 */
export function valuesFor(
  names: readonly (string | undefined)[],
  { listed, named }: GivenValues,
): BoundValue[] {
  if (named !== undefined && !names.some((name) => name !== undefined)) {
    throw new InvalidParameterError('A parameter is an object, and the statement has no named parameters.', {
      hint: 'Pass one value for each "?"; JSON.stringify an object that is to be stored.',
    });
  }
  const inPlace = names.filter((name) => isInPlace(name, named)).length;
  if (listed.length !== inPlace) {
    throw new InvalidParameterError(
      `The statement has ${inPlace} parameter(s) without a name and ${listed.length} value(s) were given for them.`,
      { hint: 'Give one value for each "?", and an object for parameters that have a name.' },
    );
  }
  let next = 0;
  return names.map((name) =>
    name === undefined || isInPlace(name, named) ? (listed[next++] ?? null) : namedValue(name, named),
  );
}

function isInPlace(name: string | undefined, named: GivenValues['named']): boolean {
  return name === undefined || (named === undefined && name.startsWith('?'));
}

/** `:name`, `@name` and `$name` are all the object's `name`. */
function namedValue(name: string, named: GivenValues['named']): BoundValue {
  const key = name.slice(1);
  if (named?.has(key)) return bindable(named.get(key), `The parameter ${quoteForMessage(name)}`);
  throw new InvalidParameterError(`The parameter ${quoteForMessage(name)} is missing.`, {
    hint: `Pass an object that has ${quoteForMessage(key)}; null is stored as NULL.`,
  });
}

function bindable(value: unknown, what = 'A parameter'): BoundValue {
  switch (typeof value) {
    case 'number':
    case 'string':
      return value;
    case 'bigint':
      if (isInteger64(value)) return value;
      break;
    default:
      if (value === null || types.isUint8Array(value)) return value;
  }
  throw new InvalidParameterError(`${what} is ${describe(value)}, which SQLite cannot store as it is.`, {
    hint: 'Pass numbers, texts, bigints of 64 bits, bytes or null: 1 for true, date.toISOString() for a date, JSON.stringify(value) for an object.',
  });
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return 'an integer beyond 64 bits';
  return value instanceof Date ? 'a Date' : `of type ${typeof value}`;
}
