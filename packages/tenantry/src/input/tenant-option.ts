import { InvalidOptionError, NoTenantError } from '../errors.js';
import { keyOf, type TenantRef } from '../tenant/ref.js';

/**
 * Checks the option `tenant` of what serves either one tenant or, where it is left out, the one in context. To give
 * `undefined` is refused: it would serve whoever is in context instead of the one that was not found.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function assertTenantOption(options: { readonly tenant?: unknown }): void {
  if (!('tenant' in options)) return;
  try {
    keyOf(options.tenant as TenantRef);
  } catch (error) {
    if (!(error instanceof NoTenantError)) throw error;
    throw new InvalidOptionError(`The option tenant is given, and names none: ${error.message}`, {
      hint: 'Name a tenant, or leave the option out for the tenant in context.',
    });
  }
}
