import { spawn } from 'node:child_process';
import { chmod, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The longest temporary directory under which a unix socket's path stays below the system's limit of 104. */
const MAX_TEMP_LENGTH = 60;

/**
 * Processes and files that end together: one temporary directory, and a reaper that ends the processes
 * and removes the directory as soon as this process closes the group or dies.
 *
 * @typedef {object} ServerGroup
 * @property {string} directory
 * @property {(child: import('node:child_process').ChildProcess, signal?: NodeJS.Signals, graceMs?: number) => void} adopt
 *   Makes the reaper responsible for a child that leads a process group of its own (`detached`).
 * @property {() => Promise<void>} close Ends everything; resolves when it is gone. Idempotent.
 */

/** @returns {Promise<ServerGroup>} */
export async function openServerGroup() {
  const parent = tmpdir().length > MAX_TEMP_LENGTH ? '/tmp' : tmpdir();
  const directory = await realpath(await mkdtemp(join(parent, 'tenantry-test-')));
  const reaper = spawn(process.execPath, [fileURLToPath(new URL('reaper.mjs', import.meta.url)), directory], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Servers that run as users of their own must be able to pass through.
  await chmod(directory, 0o711);
  const gone = new Promise((resolve) => reaper.once('exit', resolve).once('error', resolve));
  // A broken pipe means that the reaper was killed; `close` notices.
  reaper.stdin.on('error', () => {});
  // A test that forgets to close its group must still be able to end.
  reaper.unref();
  /** @type {Promise<void> | undefined} */
  let closing;

  return {
    directory,
    adopt(child, signal = 'SIGKILL', graceMs = 2000) {
      const { pid } = child;
      if (pid === undefined) return;
      reaper.stdin.write(`adopt ${pid} ${signal} ${graceMs}\n`);
      // Its number may be given to a stranger.
      child.once('exit', () => {
        if (closing === undefined) reaper.stdin.write(`forget ${pid}\n`);
      });
    },
    close() {
      closing ??= (async () => {
        reaper.ref();
        reaper.stdin.end();
        await Promise.race([gone, sleep(20_000, undefined, { ref: false })]);
      })();
      return closing;
    },
  };
}
