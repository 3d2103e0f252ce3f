import type { Command } from 'commander';
import { CatalogMissingError, CatalogVersionError } from 'tenantry';
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

/** Opening a tenancy looks at the catalog; what it complains about is what setup would do, or would complain about. */
async function dryRun({ output, withTenancy }: Call<CommonFlags>): Promise<undefined> {
  const look = (setup: boolean) => withTenancy(async () => {}, { setup });
  try {
    await look(false);
    output.data({ dryRun: true, catalog: 'ready' }, 'the catalog is ready; nothing would be done');
  } catch (error) {
    if (error instanceof CatalogVersionError && isOld(error.versions)) {
      const { found: from, used: to } = error.versions;
      const text = `the catalog would be brought up to date, from version ${from} to ${to}`;
      output.data({ dryRun: true, catalog: 'old', from, to }, text);
    } else if (error instanceof CatalogMissingError) {
      await look(true);
      output.data({ dryRun: true, catalog: 'missing' }, 'the catalog would be made');
    } else throw error;
  }
  return undefined;
}

function isOld(versions: CatalogVersionError['versions']): versions is { found: number; used: number } {
  return versions !== undefined && versions.found < versions.used;
}
