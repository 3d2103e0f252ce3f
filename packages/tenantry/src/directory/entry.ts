import type { Route } from '../tenant/tenant.js';

/**
 * A cached route. Sessions keep the entry itself: a change replaces `route` in place, so that all
 * of them see it at their next use without asking anybody.
 */
export interface DirectoryEntry {
  route: Route;
  /** When it was read, in milliseconds of the directory's clock. */
  readAt: number;
  /** Whether the directory still keeps it up to date. */
  live: boolean;
}
