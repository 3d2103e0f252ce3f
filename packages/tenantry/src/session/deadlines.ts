/** From here on a deadline may be late by {@link TICK_MS}; shorter ones have a timer of their own. */
const COARSE_FROM_MS = 2000;
const TICK_MS = 100;

interface Deadline {
  /** By `performance.now()`. */
  readonly at: number;
  readonly onReached: () => void;
}

const pending = new Set<Deadline>();
let ticking: NodeJS.Timeout | undefined;

/**
 * Calls once after so many milliseconds, unless the returned function was called before. Nearly every
 * statement has seconds and needs a thousandth of them, so long deadlines share one timer that looks
 * through them: arming and disarming a timer for each statement took more than leasing its connection.
 *
 * The shared timer keeps no process alive; the connection that is waited for does.
 */
export function deadlineIn(ms: number, onReached: () => void): () => void {
  if (ms < COARSE_FROM_MS) {
    const timer = setTimeout(onReached, ms);
    return () => clearTimeout(timer);
  }
  const deadline = { at: performance.now() + ms, onReached };
  pending.add(deadline);
  ticking ??= setInterval(tick, TICK_MS).unref();
  return () => pending.delete(deadline);
}

function tick(): void {
  const now = performance.now();
  for (const deadline of pending) {
    if (deadline.at > now) continue;
    pending.delete(deadline);
    deadline.onReached();
  }
  if (pending.size > 0) return;
  clearInterval(ticking);
  ticking = undefined;
}
