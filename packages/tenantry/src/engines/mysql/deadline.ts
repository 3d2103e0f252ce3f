/** How long to wait, and who may stop the waiting earlier. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for some work until a deadline or a signal. The work goes on when it is given up: whoever
 * waits ends it, for instance by destroying the connection that it uses.
 */
export async function waitFor<T>(work: Promise<T>, { timeoutMs, signal }: Patience): Promise<T> {
  let giveUp: () => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal?.reason);
    timer = setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs);
  });
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`The server did not answer within ${timeoutMs} ms.`), { code: 'ETIMEDOUT' });
}
