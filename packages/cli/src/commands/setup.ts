import type { Command } from 'commander';
import { CatalogMissingError } from 'tenantry';
import type { Call, CommonFlags, Run } from '../call.js';

/** `tenantry setup` */
export function addSetup(program: Command, run: Run): void {
  program
    .command('setup')
    .description("make the catalog's database and tables, or bring them up to date; safe to run twice")
    .action((_flags: unknown, command: Command) =>
      run(command, async (call) => {
        if (call.flags.dryRun) return dryRun(call);
        const { output, withTenancy } = call;
        await withTenancy(async () => {}, { setup: true });
        output.data({ catalog: 'ready' }, 'the catalog is ready');
        output.message('Next: tenantry tenants create NAME, or take over what exists: tenantry adopt --help');
        return undefined;
      }),
    );
}

/** Opening a tenancy looks at the catalog; what it would complain about is what setup would do. */
async function dryRun({ output, withTenancy }: Call<CommonFlags>): Promise<undefined> {
  try {
    await withTenancy(async () => {}, { setup: false });
    output.data({ dryRun: true, catalog: 'ready' }, 'the catalog is ready; nothing would be done');
  } catch (error) {
    if (!(error instanceof CatalogMissingError)) throw error;
    output.data({ dryRun: true, catalog: 'missing' }, 'the catalog would be made');
  }
  return undefined;
}
