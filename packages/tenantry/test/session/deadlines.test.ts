import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deadlineIn } from '../../src/session/deadlines.js';

// The clock is what is tested here, so it is the tests' own.
beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

describe('a deadline', () => {
  it.each([1, 50, 1999, 2000, 30_000])(
    'of %d ms comes once, never early and at most a tenth of a second late',
    (ms) => {
      const onReached = vi.fn();
      deadlineIn(ms, onReached);
      vi.advanceTimersByTime(ms - 1);
      expect(onReached).not.toHaveBeenCalled();
      vi.advanceTimersByTime(101);
      expect(onReached).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(60_000);
      expect(onReached).toHaveBeenCalledTimes(1);
    },
  );

  it.each([50, 30_000])('of %d ms that is called off never comes', (ms) => {
    const onReached = vi.fn();
    const callOff = deadlineIn(ms, onReached);
    vi.advanceTimersByTime(ms - 1);
    callOff();
    callOff();
    vi.advanceTimersByTime(60_000);
    expect(onReached).not.toHaveBeenCalled();
  });

  it('comes though another one ends what it was for, or sets a new one', () => {
    const reached: string[] = [];
    const callOff = deadlineIn(5000, () => reached.push('called off'));
    deadlineIn(4000, () => {
      reached.push('first');
      callOff();
      deadlineIn(3000, () => reached.push('of the first'));
    });
    deadlineIn(4000, () => reached.push('second'));
    vi.advanceTimersByTime(8000);
    expect(reached).toEqual(['first', 'second', 'of the first']);
  });

  it('leaves no timer behind', () => {
    deadlineIn(5000, () => {})();
    deadlineIn(50, () => {})();
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
  });
});
