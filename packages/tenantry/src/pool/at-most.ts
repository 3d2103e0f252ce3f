import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for work, but not longer than this; the work goes on, and no timer does. Never rejects. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const { signal } = late;
  await Promise.race([work, sleep(ms, undefined, { signal })]).catch(() => {});
  late.abort();
}
