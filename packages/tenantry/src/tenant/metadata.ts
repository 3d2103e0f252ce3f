import { InvalidInputError } from '../errors.js';
import { quoteForMessage } from './name.js';
import type { TenantMetadata } from './tenant.js';

const MAX_BYTES = 65_536;

/**
 * What is kept of metadata: what JSON makes of it, a `toJSON` included. Numbers that
 * JavaScript would keep as others without a word are refused.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`)
 */
export function checkedMetadata(metadata: unknown): TenantMetadata {
  let json: string | undefined;
  let kept: unknown;
  try {
    json = JSON.stringify(metadata, assertExact);
    kept = json === undefined ? undefined : JSON.parse(json);
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    // A cycle, a BigInt, or a toJSON that throws.
    throw new InvalidInputError('Metadata must be a JSON object, and this cannot be written as JSON.', {
      cause,
      hint: 'Pass plain values; write a BigInt as a text.',
    });
  }
  const isObject = typeof kept === 'object' && kept !== null && !Array.isArray(kept);
  if (isObject && json !== undefined && Buffer.byteLength(json) <= MAX_BYTES) return kept as TenantMetadata;
  throw new InvalidInputError('Metadata must be a JSON object of at most 64 KiB.', {
    hint: 'Keep what is larger in the tenant’s own database.',
  });
}

function assertExact(key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) {
    throw new InvalidInputError(`Metadata has ${value} at ${quoteForMessage(key)}, which JSON cannot say.`, {
      hint: 'Leave it out, or write it as a text.',
    });
  }
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  throw new InvalidInputError(
    `Metadata has a whole number beyond 2^53 at ${quoteForMessage(key)}, which a number of JavaScript does not keep exactly.`,
    { hint: 'Write it as a text: "9007199254740993".' },
  );
}
