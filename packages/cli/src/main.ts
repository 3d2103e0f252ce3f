import { runCli } from './cli.js';
import { exitCodes } from './exit-codes.js';
import { createOutput } from './output.js';

const interrupted = new AbortController();
// Once each: a second Ctrl-C ends the process at once.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

const args = process.argv.slice(2);
const system = {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads our output may stop reading: `tenantry tenants list | head -1`.
  if (error.code === 'EPIPE' || process.exitCode === exitCodes.internal) return;
  process.exitCode = exitCodes.internal;
  const failed = new Error(`The output could not be written: ${error.message}.`);
  createOutput(system, args.includes('--json')).error(failed);
});
// Then there is nowhere left to say it.
process.stderr.on('error', () => {});

const code = await runCli(args, system);

// Unless its output was lost.
process.exitCode ??= code;
// What was interrupted may still wait for a server that does not answer.
if (code === exitCodes.interrupted) process.exit();
