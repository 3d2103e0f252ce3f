import type { Command } from 'commander';
import { checkHealth, type Health } from 'tenantry';
import type { Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import type { Colors } from '../output.js';
import { table } from '../present.js';

/** `tenantry health` */
export function addHealth(program: Command, run: Run): void {
  program
    .command('health')
    .description('ask the catalog and every configured server; exit 6 unless all answer')
    .action((_flags: unknown, command: Command) =>
      run(command, async ({ output, config }) => {
        // Without a tenancy, which there is none of while the catalog is out of reach.
        const health = await checkHealth(await config());
        output.data(health, describe(health, output.colors));
        return health.ok ? undefined : exitCodes.unavailable;
      }),
    );
}

function describe(health: Health, colors: Colors): string {
  const parts = [['catalog', health.catalog] as const, ...Object.entries(health.servers)];
  const rows = parts.map(([name, { ok, error }]) => [
    name,
    ok ? colors.green('ok') : colors.red('failed'),
    error === undefined ? '' : `${error.message} [${error.code}]`,
  ]);
  return table(['PART', 'STATE', 'WHY'], rows, colors);
}
