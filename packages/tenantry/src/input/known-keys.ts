import { InvalidOptionError } from '../errors.js';
import { quoteForMessage } from '../tenant/name.js';

/**
 * Refuses what is no object of options, and a key that nobody would read: mostly a slip, which ignored
 * silently would do something else than what was meant. `what` begins the message: `pgPool`, `create`.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`); it names the key and never a value.
 */
export function assertKnownKeys(
  what: string,
  options: unknown,
  known: readonly string[],
): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const given = Array.isArray(options) ? 'an array' : options === null ? 'null' : `a ${typeof options}`;
    throw new InvalidOptionError(`The options of ${what} must be an object, not ${given}.`, {
      hint: `Known are: ${known.join(', ')}.`,
    });
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new InvalidOptionError(`${what} has no option ${quoteForMessage(key)}.`, {
      hint: `Known are: ${known.join(', ')}.`,
    });
  }
}
