// The process that ends what a run started. It runs in a session of its own and holds the reading end of a
// pipe to whoever opened the group; the pipe closes when that process closes it or dies, however it dies.
// So there is one way to end, and it is the same after success, Ctrl-C and kill -9.
//
// Lines on the pipe: "adopt PID SIGNAL GRACE_MS" and "forget PID".

import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{ signal: NodeJS.Signals, graceMs: number }} Farewell */

const directory = process.argv[2];
if (directory === undefined) throw new Error('reaper: no directory');

// A closing terminal or a hurried operator must not leave servers behind.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])) {
  process.on(signal, () => {});
}

/** @type {Map<number, Farewell>} */
const wards = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, pid, signal, graceMs] = line.split(' ');
  if (verb === 'adopt') {
    wards.set(Number(pid), { signal: /** @type {NodeJS.Signals} */ (signal), graceMs: Number(graceMs) });
  } else if (verb === 'forget') {
    wards.delete(Number(pid));
  }
}

await Promise.all([...wards].map(([pid, farewell]) => end(pid, farewell)));
await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });

/**
 * @param {number} pid the leader of a process group
 * @param {Farewell} farewell
 */
async function end(pid, { signal, graceMs }) {
  send(pid, signal);
  // A test may have stopped it (SIGSTOP); it takes no other signal before it continues.
  send(pid, 'SIGCONT');
  for (const deadline = Date.now() + graceMs; Date.now() < deadline && isRunning(pid); ) await sleep(10);
  send(pid, 'SIGKILL');
  for (const deadline = Date.now() + 2000; Date.now() < deadline && isRunning(pid); ) await sleep(10);
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function send(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone, and its group with it.
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A dead process that nobody has waited for still takes signal 0.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}
