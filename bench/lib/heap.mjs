import { setImmediate as turn } from 'node:timers/promises';

/** Compiled code stays, or the collection of old code would be taken for a gain. */
export const HEAP_ARGV = ['--expose-gc', '--no-flush-bytecode'];

/** Bytes of the heap, and of what it holds outside (WebAssembly), with the garbage gone; the process has to be started with {@link HEAP_ARGV}. */
export async function heldBytes() {
  // What has a finalizer goes in two collections, and the finalizers run between them.
  for (let time = 0; time < 4; time++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
