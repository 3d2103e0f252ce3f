import { InvalidOptionError } from '../errors.js';

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for what is no tenancy. */
export function assertTenancy(what: string, tenancy: unknown): void {
  if (typeof tenancy === 'object' && tenancy !== null && 'clients' in tenancy) return;
  throw new InvalidOptionError(`${what} needs a tenancy, and was given none.`, {
    hint: 'Pass what createTenancy resolved to; it must be awaited.',
  });
}
