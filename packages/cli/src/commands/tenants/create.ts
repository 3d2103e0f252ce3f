import { type Command, Option } from 'commander';
import { InvalidInputError, type Isolation } from 'tenantry';
import type { Run } from '../../call.js';
import { describePlacement, tenantJson } from '../../present.js';

interface Flags {
  readonly server?: string;
  readonly isolation?: Isolation;
  readonly rowKey?: string;
  readonly metadata?: string;
}

/** `tenantry tenants create NAME` */
export function addCreate(tenants: Command, run: Run): void {
  tenants
    .command('create')
    .description('make a tenant: its database, its tables, and last its entry as active')
    .argument('<name>', '1 to 63 ASCII letters, digits, "-" and "_"')
    .option('--server <name>', 'the configured server to put it on; needed where there are several')
    .addOption(
      new Option(
        '--isolation <kind>',
        'how it is kept apart from others; else as its server is configured',
      ).choices(['database', 'schema', 'row']),
    )
    .option('--row-key <key>', 'what marks its rows, with isolation row; else its id')
    .option('--metadata <json>', 'a JSON object to keep beside it')
    .action((name: string, _flags: Flags, command: Command) =>
      run<Flags>(command, ({ flags, output, system, withTenancy }) => {
        const metadata = parseMetadata(flags.metadata);
        return withTenancy(async (tenancy) => {
          const { server, isolation, rowKey } = flags;
          const { signal } = system;
          const wanted = { name, server, isolation, rowKey, metadata, signal };
          if (flags.dryRun) {
            const placement = await tenancy.tenants.plan(wanted);
            output.data(
              { dryRun: true, tenant: { name, placement } },
              `would create ${name} in ${describePlacement(placement)}`,
            );
            return undefined;
          }
          const tenant = await tenancy.tenants.create(wanted);
          output.data(
            { tenant: tenantJson(tenant) },
            `created ${name} in ${describePlacement(tenant.placement)}`,
          );
          output.message(
            `Next: requests for ${name} are served now. To see it: tenantry tenants get ${name}`,
          );
          return undefined;
        });
      }),
    );
}

function parseMetadata(json: string | undefined): Record<string, unknown> | undefined {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch (error) {
    throw new InvalidInputError('--metadata is not JSON.', {
      cause: error,
      hint: `For example: --metadata '{"plan":"pro"}'`,
    });
  }
}
