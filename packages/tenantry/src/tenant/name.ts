import { redactValue } from '../errors/redact.js';
import { InvalidNameError } from '../errors.js';

/**
 * The names that a tenant can have: 1 to 63 ASCII letters, digits, `-` and `_`, beginning and
 * ending with a letter or a digit. So a name is safe as a path segment, a subdomain label (but for
 * `_`) and an identifier of every engine, and no two names look alike in any Unicode normalization.
 */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

/** Whether a tenant could have this name. Costs no I/O. */
export function isTenantName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 63 && NAME.test(name);
}

/**
 * @throws InvalidNameError (`TENANTRY_INVALID_NAME`) if no tenant could have this name.
 */
export function assertTenantName(name: unknown): asserts name is string {
  if (isTenantName(name)) return;
  throw new InvalidNameError(`${quoteForMessage(name)} cannot be the name of a tenant.`, {
    hint: 'Use 1 to 63 ASCII letters, digits, "-" and "_", beginning and ending with a letter or a digit.',
  });
}

/** The form in which names must be unique: `TenantA` and `tenanta` may not both exist. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/** A value from outside, made harmless and short enough for a message; one that could hold a password is not shown. */
export function quoteForMessage(value: unknown): string {
  if (typeof value !== 'string') return `A ${value === null ? 'null' : typeof value}`;
  const shown = redactValue(value);
  const quoted = JSON.stringify(shown.length > 80 ? `${shown.slice(0, 77)}...` : shown);
  return quoted.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
