import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { confirmByName } from '../../confirm.js';
import { applyChange } from './change.js';

/** `tenantry tenants delete NAME`; it cannot be taken back, so its name must be typed. */
export function addDelete(tenants: Command, run: Run): void {
  tenants
    .command('delete')
    .description('mark a tenant deleted for ever and free its name; its database is kept')
    .argument('<name>', 'its exact name')
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, async (call) => {
        const { flags, system } = call;
        if (!flags.yes && !flags.dryRun) await confirmByName(system, 'delete', name);
        return applyChange(call, name, {
          verb: 'delete',
          done: 'deleted',
          apply: (tenancy, options) => tenancy.tenants.delete(name, options),
          next: 'Its database is kept; drop it by hand once nobody needs it any more.',
        });
      }),
    );
}
