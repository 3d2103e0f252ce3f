import { redactValue } from '../errors/redact.js';
import { DatabaseExistsError, TenantExistsError } from '../errors.js';

/** The error for a name that a tenant has, in whatever case; and where that one lives, if it matters. */
export function tenantExists(holder: string, wanted: string, where?: string): TenantExistsError {
  const twin = holder === wanted ? '' : ' Names that differ only in case are one name.';
  return new TenantExistsError(
    `There is a tenant ${holder} already${where === undefined ? '' : `, ${where}`}.`,
    {
      tenant: holder,
      hint: `Choose another name, or delete that tenant first.${twin}`,
    },
  );
}

/** The error for physical names each of which was a tenant's on its server before. */
export function usedBefore(
  tenant: string,
  server: string,
  physicalNames: readonly string[],
): DatabaseExistsError {
  const names = physicalNames.map(redactValue).join(' or ');
  return new DatabaseExistsError(`Server ${server} has had a tenant in database ${names} before.`, {
    tenant,
    hint: 'The database of a tenant is never given to another one; choose another. To look for it: tenantry tenants list --status deleted',
  });
}
