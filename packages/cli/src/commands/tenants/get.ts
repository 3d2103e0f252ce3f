import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { describePlacement, paintStatus, tenantJson } from '../../present.js';

/** `tenantry tenants get NAME` */
export function addGet(tenants: Command, run: Run): void {
  tenants
    .command('get')
    .description('show one tenant')
    .argument('<name>', 'its exact name')
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, ({ output, withTenancy }) =>
        withTenancy(async (tenancy) => {
          const tenant = await tenancy.tenants.get(name);
          const { schemaVersion, metadata, createdAt } = tenant;
          const lines: readonly (readonly [string, string])[] = [
            ['name', tenant.name],
            ['id', tenant.id],
            ['status', paintStatus(tenant.status, output.colors)],
            ['epoch', String(tenant.epoch)],
            ['database', describePlacement(tenant.placement)],
            ['identity', tenant.placement.identity],
            ['schema', schemaVersion ?? '-'],
            ['created', createdAt.toISOString()],
            ['metadata', JSON.stringify(metadata)],
          ];
          output.data(
            { tenant: { ...tenantJson(tenant), schemaVersion, metadata, createdAt } },
            lines.map(([key, value]) => `${output.colors.dim(key.padEnd(10))}${value}`).join('\n'),
          );
          return undefined;
        }),
      ),
    );
}
