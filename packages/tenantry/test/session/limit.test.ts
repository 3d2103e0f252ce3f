import { getEventListeners } from 'node:events';
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

it.each([0, 1])(
  'the call ends by its own signal or by that of its run, and leaves nothing in either: %i',
  async (which) => {
    const controllers = [new AbortController(), new AbortController()];
    const [own, run] = controllers.map(({ signal }) => signal);
    const limit = new Limit('acme', { signal: own }, 60_000, undefined, run);
    const ended = vi.fn();
    limit.onEnd(ended);
    const waited = limit.waiting(
      (signal) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('gave up')))),
    );
    limit.onEnd(() => {})();
    await limit.waiting(async () => {});
    controllers[which]?.abort(new Error('enough'));
    expect(ended).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'TENANTRY_ABORTED', cause: new Error('enough') }),
    );
    await expect(waited).rejects.toThrow('gave up');
    expect(() => limit.assertRunning()).toThrow('aborted');
    for (const { signal } of controllers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  },
);
