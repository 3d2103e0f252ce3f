import { unknownTenant } from '../tenant/status.js';
import type { Directory } from './directory.js';

/** What a session asks of the directory. */
export type RouteSource = Pick<Directory, 'peek' | 'isFresh' | 'resolve' | 'distrust'>;

/** A directory that knows nobody: for a name that serves nobody, whatever the catalog says. */
export const hidden: RouteSource = Object.freeze({
  peek: () => undefined,
  isFresh: () => false,
  resolve: (name: string) => Promise.reject(unknownTenant(name)),
  distrust: () => {},
});
