import { setImmediate as turn } from 'node:timers/promises';

/** Bytes that are held, with the garbage gone; the process has to be started with --expose-gc. */
export async function heldBytes() {
  // What has a finalizer goes in two collections, and the finalizers run between them.
  for (let time = 0; time < 4; time++) {
    globalThis.gc?.();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}
