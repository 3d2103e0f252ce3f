import { workerData } from 'node:worker_threads';

/**
 * What runs beside a worker process's own thread, which hears of nothing while a statement runs: where the
 * program that started the process is gone, however it ended, so is the process, with the lock that it holds.
 */

const LOOK_MS = 500;
const parent = workerData as number;

setInterval(() => {
  // Whoever loses its parent is given another.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
