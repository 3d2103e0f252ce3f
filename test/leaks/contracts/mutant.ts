import type { EngineName, Isolation } from './hunt.js';

/** A leak that is put into a copy of the library on purpose. */
export interface Mutant {
  readonly name: string;
  /** What the library then does wrong. */
  readonly about: string;
  /** Where it can be seen; the first is the one that it is hunted on by default. */
  readonly engines: readonly EngineName[];
  /** How tenants must be kept apart for it. Default: in any way. */
  readonly isolations?: readonly Isolation[];
  /** How many connections its hunt has at least. Default: few, so that tenants meet each other sooner. */
  readonly connections?: number;
  readonly patches: readonly Patch[];
}

/** A replacement in one file of `dist`; the text must be there exactly once. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
