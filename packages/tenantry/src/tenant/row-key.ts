import { InvalidInputError } from '../errors.js';
import { quoteForMessage } from './name.js';

const ROW_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]{0,126}[A-Za-z0-9])?$/;
/** Digits that a database could read as another number: `042`, `0x2a`, `4_2`. */
const SECOND_SPELLING = /^0\d[\d_]*$|^0[box][\da-f_]+$|^\d+_[\d_]*$/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Refuses what cannot mark a tenant's rows: a key is compared with columns of several types, so two keys
 * must never be one value in any of them.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function assertRowKey(key: string): void {
  const isUuid = /^[0-9a-f]{32}$/i.test(key.replaceAll('-', ''));
  if (isUuid ? UUID.test(key) : ROW_KEY.test(key) && !SECOND_SPELLING.test(key)) return;
  throw new InvalidInputError(`${quoteForMessage(key)} cannot be a row key.`, {
    hint: 'Use 1 to 128 ASCII letters, digits, "-", "_", "." and ":"; numbers without leading zeros; UUIDs in lower case with their hyphens.',
  });
}
