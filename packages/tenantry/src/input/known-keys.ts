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
  // It has no keys of its own, and would be taken for no options at all.
  if (options instanceof AbortSignal || options instanceof AbortController) {
    throw new InvalidOptionError(`The options of ${what} are a signal, and not an object that has it.`, {
      hint: known.includes('signal') ? 'Pass { signal }.' : `Known are: ${known.join(', ')}.`,
    });
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new InvalidOptionError(`${what} has no option ${quoteForMessage(key)}.`, {
      hint: `Known are: ${known.join(', ')}.`,
    });
  }
}
