import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { applyChange } from './change.js';

interface Flags {
  readonly id: string;
}

/** `tenantry tenants take-over NAME --id ID`; the id is typed, so nobody is asked. */
export function addTakeOver(tenants: Command, run: Run): void {
  tenants
    .command('take-over')
    .description("make a suspended tenant's database say that it is this tenant's, whatever it says now")
    .argument('<name>', 'its exact name')
    .requiredOption('--id <id>', 'its id, as "tenantry tenants get" shows it')
    .action((name: string, _flags: Flags, command: Command) =>
      run<Flags>(command, (call) =>
        applyChange(call, name, {
          verb: 'take over the database of',
          done: 'took over the database of',
          apply: (tenancy, options) => tenancy.tenants.takeOver({ name, id: call.flags.id }, options),
          next: `Next: to serve it again: tenantry tenants resume ${name}`,
        }),
      ),
    );
}
