import type { Route } from '../tenant/tenant.js';

/**
 * A cached route. Sessions keep the entry itself: a change replaces `route` in place, so that all
 * of them see it at their next use without asking anybody.
 */
export interface DirectoryEntry {
  route: Route;
  /**
   * When it was read, in milliseconds of the directory's clock; {@link NEVER} once the directory does
   * not keep it up to date. Whole ones, because others take an object of their own on the heap.
   */
  readAt: number;
  /** Whether it was asked for since the cache last looked for one to drop. */
  used: boolean;
}

/** Longer ago than any TTL. */
export const NEVER = -(2 ** 30);
