import { type Command, Option } from 'commander';
import type { IdentityCheck, Tenancy } from 'tenantry';
import { type AdoptionReport, adoptAll } from '../adoption/adopt-all.js';
import { chooseServer } from '../adoption/choose-server.js';
import { readNames } from '../adoption/read-names.js';
import type { Call, Run } from '../call.js';
import { exitCodes } from '../exit-codes.js';
import type { Output } from '../output.js';

interface Flags {
  readonly tenantsFrom: string;
  readonly server?: string;
  readonly serverName?: string;
  readonly identity: 'table' | 'name-only';
}

/** `tenantry adopt` */
export function addAdopt(program: Command, run: Run): void {
  program
    .command('adopt')
    .description(
      'register databases that exist already as tenants, named by a query; no table of theirs is changed',
    )
    .requiredOption(
      '--tenants-from <select>',
      "a SELECT in the catalog's database; its first column is the name",
    )
    .option('--server <url>', 'where the databases are: a URL, or the name of a configured server')
    .option('--server-name <name>', 'what to call the server of that URL (default: main)')
    .addOption(
      new Option(
        '--identity <how>',
        'table: write an identity table into each; name-only: write nothing there',
      )
        .choices(['table', 'name-only'])
        .default('table'),
    )
    .action((_flags: Flags, command: Command) => run<Flags>(command, adopt));
}

async function adopt(call: Call<Flags>) {
  const { flags, output, system } = call;
  const dryRun = flags.dryRun === true;
  const { name: server, servers } = chooseServer(await call.config(), flags, system.cwd);
  const identity: IdentityCheck = flags.identity === 'table' ? 'table' : 'name';

  const work = async (tenancy: Tenancy) => {
    const names = await readNames(tenancy.central, flags.tenantsFrom, system.signal);
    return adoptAll(names, {
      signal: system.signal,
      adopt: (name) => tenancy.tenants.adopt({ name, server, identity, dryRun }),
      onProgress: (done, total) => output.progress(`${done} of ${total}`),
    });
  };
  const changes = { ...(servers && { servers }), setup: true };
  const report = await call.withTenancy(work, changes).finally(() => output.progress(''));

  output.data({ dryRun, ...report }, describe(report, dryRun, output));
  output.message(summary(report, dryRun));
  return report.rejected.length === 0 ? undefined : exitCodes.partial;
}

function describe(report: AdoptionReport, dryRun: boolean, { colors }: Output): string {
  const registered = dryRun ? 'would register' : 'registered';
  return [
    ...report.registered.map((name) => `${colors.green(registered)} ${name}`),
    ...report.mended.map((name) => `${colors.green(dryRun ? 'would mend' : 'mended')} ${name}`),
    ...report.unchanged.map((name) => `${colors.dim('unchanged')} ${name}`),
    ...report.rejected.map(
      ({ name, reason }) => `${colors.red('rejected')} ${JSON.stringify(name)}: ${reason}`,
    ),
  ].join('\n');
}

function summary(report: AdoptionReport, dryRun: boolean): string {
  const { registered, mended, unchanged, rejected, duplicates } = report;
  const counts = [
    `${registered.length} ${dryRun ? 'would be registered' : 'registered'}`,
    ...(mended.length === 0 ? [] : [`${mended.length} ${dryRun ? 'would be mended' : 'mended'}`]),
    `${unchanged.length} unchanged`,
    `${rejected.length} rejected`,
    ...(duplicates.length === 0 ? [] : [`named more than once: ${duplicates.join(', ')}`]),
  ].join(', ');
  if (dryRun && registered.length + mended.length === 0) return `${counts}. Nothing would be written.`;
  if (dryRun) return `${counts}. Nothing was written; without --dry-run it will be.`;
  if (rejected.length > 0)
    return `${counts}. Mend or remove the rejected and run it again; the rest stays as it is.`;
  return `${counts}. Next: tenantry tenants list`;
}
