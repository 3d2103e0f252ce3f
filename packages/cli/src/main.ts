import { runCli } from './cli.js';
import { exitCodes } from './exit-codes.js';

const interrupted = new AbortController();
// Once each: a second Ctrl-C ends the process at once.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

// Whoever reads our output may stop reading: `tenantry tenants list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const code = await runCli(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});

process.exitCode = code;
// What was interrupted may still wait for a server that does not answer.
if (code === exitCodes.interrupted) process.exit();
