import { beforeEach } from 'vitest';
import { Directory, type DirectoryOptions } from '../../src/directory/directory.js';
import type { Route } from '../../src/tenant/tenant.js';
import { ControlledCatalog } from './controlled-catalog.js';

export const POLL_MS = 250;

/** The catalog of the running test. */
export let source: ControlledCatalog;
/** The directory of the running test, which has asked its catalog once. */
export let directory: Directory;
/** The routes whose sessions had to end. */
export let ended: Route[];
/** What the directory's clocks show; they stand still unless the test moves them. */
export const clocks = { monotonic: 0, wall: 0, cpu: 0 };

/** Gives each test of a file a catalog and a directory of its own. */
export function useDirectory(): void {
  beforeEach(async () => {
    source = new ControlledCatalog();
    Object.assign(clocks, { monotonic: 1_000_000, wall: 5_000_000, cpu: 0 });
    ended = [];
    await build();
  });
}

/** Another directory over the same catalog. */
export async function build(options: Partial<DirectoryOptions> = {}): Promise<void> {
  directory = new Directory(source.catalog, {
    ttlMs: 300_000,
    absenceTtlMs: 5000,
    maxRoutes: 1000,
    maxAbsences: 100,
    pollMs: POLL_MS,
    serveForMs: 60_000,
    catalogMs: 2000,
    clocks: { monotonic: () => clocks.monotonic, wall: () => clocks.wall, cpu: () => clocks.cpu },
    onSessionsEnd: (route) => ended.push(route),
    ...options,
  });
  await directory.catchUp();
}

/** Time passes, and the process runs. */
export function pass(ms: number): void {
  for (let left = ms; left > 0; left -= POLL_MS) {
    freeze(Math.min(left, POLL_MS));
    directory.beat();
  }
}

/** Time passes for both clocks, and the process does not run. */
export function freeze(ms: number): void {
  clocks.monotonic += ms;
  clocks.wall += ms;
}
