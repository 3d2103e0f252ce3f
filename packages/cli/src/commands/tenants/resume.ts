import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { applyChange } from './change.js';

/** `tenantry tenants resume NAME` */
export function addResume(tenants: Command, run: Run): void {
  tenants
    .command('resume')
    .description('serve a suspended tenant again')
    .argument('<name>', 'its exact name')
    .action((name: string, _flags: unknown, command: Command) =>
      run(command, (call) =>
        applyChange(call, name, {
          verb: 'resume',
          done: 'resumed',
          apply: (tenancy, options) => tenancy.tenants.resume(name, options),
          next: `Next: requests for ${name} are served now.`,
        }),
      ),
    );
}
