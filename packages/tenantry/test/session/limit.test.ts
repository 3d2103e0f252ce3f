import { expect, it, vi } from 'vitest';
import { Limit } from '../../src/session/limit.js';

it('one signal ends as many calls as a caller likes, and nobody is warned of a leak', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const controller = new AbortController();
  const ended = vi.fn();
  for (let call = 0; call < 50; call++) {
    new Limit('acme', { signal: controller.signal }, 60_000).onEnd(ended);
  }
  controller.abort();
  expect(ended).toHaveBeenCalledTimes(50);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
