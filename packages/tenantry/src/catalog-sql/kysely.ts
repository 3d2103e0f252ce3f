import { LazyPackage } from '../engine/lazy-package.js';

/** Kysely takes longer to load than a process to its first answer, and requests never need it. */
export const kysely = new LazyPackage<typeof import('kysely')>('kysely', () => import('kysely'));
