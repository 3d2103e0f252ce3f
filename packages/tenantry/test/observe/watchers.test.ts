import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TenancyEvents } from '../../src/observe/events.js';
import { Watchers } from '../../src/observe/watchers.js';

const EVENT: TenancyEvents['server.reachable'] = { server: 'main' };

/** Lets microtasks run. */
const told = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a listener', () => {
  it('hears its events until it is taken off', async () => {
    const watchers = new Watchers();
    const heard: unknown[] = [];
    const off = watchers.on('server.reachable', (event) => heard.push(event));
    watchers.on('server.unreachable', () => heard.push('another'));
    watchers.tell('server.reachable', EVENT);
    await told();
    off();
    off();
    watchers.tell('server.reachable', EVENT);
    await told();
    expect(heard).toEqual([EVENT]);
    expect(watchers.hears('server.reachable')).toBe(false);
  });

  it('that throws, or rejects, is a warning, and the others hear on', async () => {
    const warnings: unknown[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(warning));
    const watchers = new Watchers();
    const heard: unknown[] = [];
    watchers.on('server.reachable', () => {
      throw new Error('broken');
    });
    const rejects = (): unknown => Promise.reject(new Error('broken later'));
    watchers.on('server.reachable', rejects);
    watchers.on('server.reachable', (event) => heard.push(event));
    watchers.tell('server.reachable', EVENT);
    await told();
    expect(heard).toEqual([EVENT]);
    expect(warnings).toEqual([
      expect.stringMatching(/server\.reachable failed: Error: broken\n/),
      expect.stringMatching(/server\.reachable failed: Error: broken later/),
    ]);
  });

  it('is called after what happened is complete, never in the middle of it', async () => {
    const watchers = new Watchers();
    const order: string[] = [];
    watchers.on('server.reachable', () => order.push('told'));
    watchers.tell('server.reachable', EVENT);
    order.push('complete');
    await told();
    expect(order).toEqual(['complete', 'told']);
  });

  it('that was added twice is called twice, and taken off once', async () => {
    const watchers = new Watchers();
    let heard = 0;
    const listener = () => void heard++;
    const off = watchers.on('server.reachable', listener);
    watchers.on('server.reachable', listener);
    off();
    watchers.tell('server.reachable', EVENT);
    await told();
    expect(heard).toBe(1);
  });

  it('of an event that does not exist is refused', () => {
    const unknown = 'server.exploded' as 'server.reachable';
    expect(() => new Watchers().on(unknown, () => {})).toThrow(/There is no event "server\.exploded"/);
  });
});

describe('the channel of the process', () => {
  it('carries each event under the name tenantry:EVENT, and only while somebody subscribes', async () => {
    const watchers = new Watchers();
    const heard: unknown[] = [];
    const subscriber = (event: unknown) => heard.push(event);
    expect(watchers.hears('server.reachable')).toBe(false);
    subscribe('tenantry:server.reachable', subscriber);
    expect(watchers.hears('server.reachable')).toBe(true);
    watchers.tell('server.reachable', EVENT);
    await told();
    unsubscribe('tenantry:server.reachable', subscriber);
    expect(watchers.hears('server.reachable')).toBe(false);
    expect(heard).toEqual([EVENT]);
  });
});
