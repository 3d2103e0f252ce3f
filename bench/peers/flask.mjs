// The article's program under gunicorn, as a side: a process that starts it, knows its port and adds up its CPU.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { answerParent, readConfig } from '../lib/child.mjs';

const TICK_MICROS = 10_000;
const PAGE = 4096;
const READY_MS = 30_000;

const { address, workers, keepAlive } = readConfig();
const port = await freePort();
const url = `mysql+pymysql://${address.user}:${address.password}@${address.host}:${address.port}`;
// A synchronous worker, gunicorn's default, closes after each answer; one with threads keeps connections alive.
const kind = keepAlive
  ? ['--worker-class', 'gthread', '--threads', '16', '--keep-alive', '60']
  : ['--worker-class', 'sync'];
const gunicorn = spawn(
  '/usr/bin/python3',
  [
    ...['-m', 'gunicorn', '--workers', String(workers), ...kind, '--bind', `127.0.0.1:${port}`],
    ...['--log-level', 'error', `application:create_application("${url}")`],
  ],
  { cwd: fileURLToPath(new URL('flask', import.meta.url)), stdio: ['ignore', 'inherit', 'inherit'] },
);
gunicorn.once('exit', (code) => {
  console.error(`gunicorn ended (${code}).`);
  process.exit(1);
});
await untilReady();
answerParent({ port: () => port, usage });

/** Somebody else may take it meanwhile; then gunicorn ends, and so does this. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port: free } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function untilReady() {
  for (const deadline = Date.now() + READY_MS; ; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error('gunicorn did not answer within 30 s.');
    await sleep(100);
  }
}

/** The CPU and the memory of gunicorn and its workers. */
function usage() {
  const pids = [gunicorn.pid, ...readdirSync('/proc').filter((entry) => parentOf(entry) === gunicorn.pid)];
  let cpu = 0;
  let rss = 0;
  for (const pid of pids) {
    const fields = statOf(pid);
    cpu += (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
    rss += Number(fields[21]) * PAGE;
  }
  return { cpu, rss };
}

function parentOf(entry) {
  return /^\d+$/.test(entry) ? Number(statOf(entry)[1]) : undefined;
}

/** What /proc says after the command's name. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
