import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { applyChange } from './change.js';

/** `tenantry tenants suspend NAME`; it can be taken back, so nobody is asked. */
export function addSuspend(tenants: Command, run: Run): void {
  tenants
    .command('suspend')
    .description('stop serving a tenant; its data stays, and transactions under way may still commit')
    .argument('<name>', 'its exact name')
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, (call) =>
        applyChange(call, name, {
          verb: 'suspend',
          done: 'suspended',
          apply: (tenancy, options) => tenancy.tenants.suspend(name, options),
          next: `Transactions that are under way may still commit. Next: to serve it again: tenantry tenants resume ${name}`,
        }),
      ),
    );
}
