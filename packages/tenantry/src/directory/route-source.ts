import { unknownTenant } from '../tenant/status.js';
import type { Directory } from './directory.js';
import type { DirectoryEntry } from './entry.js';

/** What a session asks of the directory. */
export type RouteSource = Pick<Directory, 'peek' | 'isFresh' | 'resolve' | 'distrust'>;

/** The directory for everybody who does not ask for the template as such: it serves nobody, by whatever it is called. */
export function withoutTemplate(directory: RouteSource, template: string | undefined): RouteSource {
  if (template === undefined) return directory;
  const isTemplate = (entry: DirectoryEntry) => entry.route.name === template;
  return Object.freeze<RouteSource>({
    peek: (key, canWait) => {
      const entry = directory.peek(key, canWait);
      return entry === undefined || isTemplate(entry) ? undefined : entry;
    },
    resolve: async (key, signal) => {
      const entry = await directory.resolve(key, signal);
      if (isTemplate(entry)) throw unknownTenant(key);
      return entry;
    },
    isFresh: (entry, canWait) => directory.isFresh(entry, canWait),
    distrust: (entry) => directory.distrust(entry),
  });
}
