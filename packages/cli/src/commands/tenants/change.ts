import type { ChangeTenant, Tenancy, Tenant } from 'tenantry';
import type { Call } from '../../call.js';
import { tenantJson } from '../../present.js';

/** A change of one tenant's status. */
export interface Change {
  /** What it is called: `suspend`. */
  readonly verb: string;
  /** What it was then: `suspended`. */
  readonly done: string;
  apply(tenancy: Tenancy, options: ChangeTenant): Promise<Tenant>;
  /** What to do next. */
  readonly next: string;
}

/** Applies a change of status, or with `--dry-run` says whose status it would change: refused as the change itself. */
export function applyChange(call: Call<unknown>, name: string, change: Change): Promise<undefined> {
  const { flags, output, withTenancy } = call;
  return withTenancy(async (tenancy) => {
    if (flags.dryRun) {
      const tenant = await change.apply(tenancy, { dryRun: true });
      output.data(
        { dryRun: true, tenant: tenantJson(tenant) },
        `would ${change.verb} ${name}, which is ${tenant.status} now`,
      );
      return undefined;
    }
    const tenant = await change.apply(tenancy, {});
    output.data({ tenant: tenantJson(tenant) }, `${change.done} ${name}`);
    output.message(change.next);
    return undefined;
  });
}
