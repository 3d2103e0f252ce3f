import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TenantStatus } from 'tenantry';
import type { Run } from '../../call.js';
import { describePlacement, paintStatus, table, tenantJson } from '../../present.js';

interface Flags {
  readonly status?: TenantStatus;
  readonly limit: number;
  readonly after?: string;
}

/** `tenantry tenants list` */
export function addList(tenants: Command, run: Run): void {
  tenants
    .command('list')
    .description('list tenants in the order of their names, a page at a time')
    .addOption(
      new Option('--status <status>', 'only these').choices(['creating', 'active', 'suspended', 'deleted']),
    )
    .option('--limit <number>', 'tenants per page, 1 to 1000', parseLimit, 100)
    .option('--after <name>', 'begin where the page before ended: its "next"')
    .action((_flags: Flags, command: Command) =>
      run<Flags>(command, ({ flags, output, withTenancy }) =>
        withTenancy(async (tenancy) => {
          const { status, limit, after } = flags;
          const page = await tenancy.tenants.list({ status, limit, after });
          const rows = page.tenants.map((tenant) => [
            tenant.name,
            paintStatus(tenant.status, output.colors),
            describePlacement(tenant.placement),
            tenant.id,
          ]);
          const text =
            rows.length === 0 ? '' : table(['NAME', 'STATUS', 'DATABASE', 'ID'], rows, output.colors);
          output.data({ tenants: page.tenants.map(tenantJson), next: page.next }, text);
          if (rows.length === 0) output.message(nothing(status !== undefined || after !== undefined));
          if (page.next !== null) output.message(`More: add --after ${page.next}`);
          return undefined;
        }),
      ),
    );
}

function nothing(isFiltered: boolean): string {
  return isFiltered ? 'No such tenants.' : 'No tenants. Make one: tenantry tenants create NAME';
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= 1000) return limit;
  throw new InvalidArgumentError('It is a whole number from 1 to 1000.');
}
