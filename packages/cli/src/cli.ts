import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AbortedError, InvalidOptionError, redactValue } from 'tenantry';
import { createRun } from './call.js';
import { addAdopt } from './commands/adopt.js';
import { addHealth } from './commands/health.js';
import { addSetup } from './commands/setup.js';
import { addTenants } from './commands/tenants/index.js';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.js';
import { createOutput } from './output.js';
import type { System } from './system.js';

const EXIT_CODES = `
Exit codes: 0 ok, 1 internal, 2 usage, 3 not found, 4 conflict, 5 invalid or refused,
6 unavailable, 7 partial, 130 interrupted.`;

/** Runs one command line and says how it ended. Never rejects. */
export async function runCli(args: readonly string[], system: System): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = createProgram(system, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportError(error, system, args);
  }
}

function createProgram(system: System, finish: (code: ExitCode) => void): Command {
  const program = new Command('tenantry')
    .description('Tenants of a SaaS application, each with a database of its own.')
    .version(readVersion())
    .option(
      '--catalog <url>',
      'the catalog: mysql://user:password@host/General, postgres://..., sqlite:./folder',
    )
    .option('--json', 'one line of JSON: results on stdout, an error on stderr')
    .option('--yes', 'do not ask before anything is destroyed')
    .option('--dry-run', 'say what would be done and change nothing')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void system.stdout.write(text),
      writeErr: (text) => void system.stderr.write(text),
      outputError: () => {},
    })
    // refuseSurplus says which they are.
    .allowExcessArguments()
    .exitOverride();
  const run = createRun(system, finish);
  addSetup(program, run);
  addTenants(program, run);
  addAdopt(program, run);
  addHealth(program, run);
  // Before any command's action: who names two tenants must not get one done, told as success.
  return program.hook('preAction', (_program, command) => refuseSurplus(command));
}

function refuseSurplus(command: Command): void {
  const known = command.registeredArguments;
  const surplus = command.args.slice(known.length);
  if (surplus.length === 0) return;
  const told = surplus.map((arg) => `'${redactValue(arg)}'`).join(', ');
  const takes = known.map((argument) => `<${argument.name()}>`).join(' ') || 'no argument';
  const line = lineOf(command);
  throw new InvalidOptionError(`too many arguments: ${told}.`, {
    hint: `${line} takes ${takes}. See: ${line} --help`,
  });
}

/** What is typed for a command: `tenantry tenants delete`. */
function lineOf(command: Command): string {
  return command.parent === null ? command.name() : `${lineOf(command.parent)} ${command.name()}`;
}

function reportError(error: unknown, system: System, args: readonly string[]): ExitCode {
  const json = args.includes('--json');
  const output = createOutput(system, json);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok;
    // Without a command commander has printed its help, which says more than its message.
    if (error.code !== 'commander.help' || json) output.error(usageError(error, args));
    return exitCodes.usage;
  }
  if (system.signal.aborted) {
    output.error(new AbortedError('Interrupted.', { hint: 'What was not finished can be run again.' }));
    return exitCodes.interrupted;
  }
  output.error(error);
  return exitCodeOf(error);
}

function usageError(error: CommanderError, args: readonly string[]): InvalidOptionError {
  const told = withoutSecrets(error.message, args);
  const [message = '', suggestion] = told.replace(/^error: /, '').split('\n(Did you mean ');
  const isHelp = error.code === 'commander.help';
  const meant = suggestion?.replace(/\?\)$/, '');
  const isSlip = meant !== undefined && args.some((arg) => isOneSlipAway(arg, meant));
  return new InvalidOptionError(isHelp ? 'A command is missing.' : `${message.replace(/\.$/, '')}.`, {
    hint: isSlip ? `Did you mean ${meant}?` : 'See: tenantry --help',
  });
}

/** Whoever mistyped a command may be told of another; whoever asked for one that there is not must not be led to it. */
function isOneSlipAway(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  const rest = (text: string, skip: number) => text.slice(start + skip);
  const swapped = `${one[start + 1] ?? ''}${one[start] ?? ''}${rest(one, 2)}`;
  return (
    rest(one, 1) === rest(other, 1) ||
    rest(one, 0) === rest(other, 1) ||
    rest(one, 1) === rest(other, 0) ||
    swapped === rest(other, 0)
  );
}

/** What was typed is not told again where it could hold a password: an address in the place of something else. */
function withoutSecrets(message: string, args: readonly string[]): string {
  const values = args.flatMap((arg) => [arg, arg.slice(arg.indexOf('=') + 1)]);
  return values.reduce(
    (text, value) => (value === '' ? text : text.replaceAll(value, redactValue(value))),
    message,
  );
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
