import { types } from 'node:util';
import { InvalidOptionError, InvalidParameterError } from '../errors.js';
import { quoteForMessage } from '../tenant/name.js';
import type { ServerAddress } from './address.js';
import type { Parameter } from './connection.js';

/**
 * Checks a statement before anything is waited for or armed.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function assertStatement(sql: unknown, params: unknown): asserts sql is string {
  if (typeof sql !== 'string') {
    throw new InvalidParameterError(`A statement is a text, and ${describe(sql)} was given.`, {
      hint: 'Pass the SQL first, its parameters second: query(sql, [value]).',
    });
  }
  if (params !== undefined) assertList(params);
}

function assertList(params: unknown): asserts params is readonly unknown[] {
  if (Array.isArray(params)) return;
  throw new InvalidParameterError(
    `The parameters of a statement are an array, and ${describe(params)} was given.`,
    {
      hint: 'Pass them as one array: query(sql, [value]); what ends the call comes third.',
    },
  );
}

/**
 * Refuses what a driver could expand into SQL (objects, arrays) or send as something else than
 * what the caller meant (undefined, NaN, functions).
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function assertParameters(params: readonly unknown[]): asserts params is readonly Parameter[] {
  assertList(params);
  for (let index = 0; index < params.length; index++) assertParameter(params[index], index);
}

/** The same of one, by its place in the list. */
export function assertParameter(value: unknown, index: number): asserts value is Parameter {
  if (isParameter(value)) return;
  throw new InvalidParameterError(
    `Parameter ${index + 1} is ${describe(value)}, which a statement cannot carry.`,
    {
      hint: 'Pass a string, number, bigint, boolean, null, Date or Uint8Array; JSON.stringify anything else.',
    },
  );
}

/** How many parameters a statement can have, and who says so. */
export interface ParameterLimit {
  readonly of: string;
  readonly most: number;
}

/**
 * Refuses more parameters than can be counted where a statement goes to: a driver would send the remainder, or a
 * server name no number.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function assertParameterCount(count: number, { of, most }: ParameterLimit): void {
  if (count <= most) return;
  throw new InvalidParameterError(`The statement has ${count} parameters.`, {
    hint: `${of} takes at most ${most}; send fewer at a time, or one JSON document.`,
  });
}

function isParameter(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      // What only has such a prototype is neither.
      return (
        value === null ||
        types.isUint8Array(value) ||
        (types.isDate(value) && !Number.isNaN(Date.prototype.getTime.call(value)))
      );
    default:
      return false;
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (types.isDate(value)) return 'an invalid date';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

/**
 * The parameters of a statement, checked as {@link assertParameters} does, each of which was read once: what was checked is
 * what is sent, whatever the caller's array gives at the next look.
 *
 * @throws InvalidParameterError (`TENANTRY_INVALID_PARAMETER`)
 */
export function ownParameters(params: readonly unknown[]): readonly Parameter[] {
  assertList(params);
  const { length } = params;
  if (length === 0) return NONE;
  const own: Parameter[] = [];
  for (let index = 0; index < length; index++) {
    const value = params[index];
    assertParameter(value, index);
    own.push(value);
  }
  return own;
}

const NONE: readonly Parameter[] = Object.freeze([]);

/**
 * Refuses query parameters of a database URL that an engine does not know.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function assertKnownParameters(address: ServerAddress, known: readonly string[]): void {
  for (const key of address.parameters.keys()) {
    if (known.includes(key)) continue;
    throw new InvalidOptionError(
      `The ${address.engine} URL has an unknown parameter ${quoteForMessage(key)}.`,
      {
        hint: known.length === 0 ? 'Remove it.' : `Known are: socketPath, ${known.join(', ')}.`,
      },
    );
  }
}
