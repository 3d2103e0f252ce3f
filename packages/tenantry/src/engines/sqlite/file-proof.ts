import { performance } from 'node:perf_hooks';
import { type FileIdentity, isSameFile } from './database-file.js';

/**
 * Milliseconds for which a proof holds. A look is a `stat` (3 to 5 µs), as much as a small statement takes,
 * and a lease asks twice; reading the clock takes 0.05 µs.
 */
export const PROOF_MS = 10;

/** How often files were removed by this process. */
let removals = 0;

/** Says that this process is removing a file: every proof is looked at again at its next use. */
export function noteRemoval(): void {
  removals++;
}

/**
 * Whether a path still leads to the file that is open: SQLite itself goes on reading and writing one that
 * was deleted or replaced.
 *
 * The bound: {@link PROOF_MS} after another process deleted or replaced the file, and at once after this
 * one deleted it, {@link FileProof.holds} says no. A look cannot be fooled by a new file, for the number
 * of a deleted one is not given away again while it is open.
 */
export class FileProof {
  readonly path: string;
  readonly file: FileIdentity;
  readonly #now: () => number;
  #provenAt = Number.NEGATIVE_INFINITY;
  #removals = -1;

  /** `now`: milliseconds, never going back. */
  constructor(path: string, file: FileIdentity, now: () => number = () => performance.now()) {
    this.path = path;
    this.file = file;
    this.#now = now;
  }

  /** Whether it is the same file, as of {@link PROOF_MS} ago at most. Never throws. */
  holds(): boolean {
    if (this.#removals === removals && this.#now() - this.#provenAt < PROOF_MS) return true;
    return this.look();
  }

  /** Whether it is the same file now. Never throws. */
  look(): boolean {
    const [lookedAt, seen] = [this.#now(), removals];
    try {
      if (!isSameFile(this.path, this.file)) return false;
    } catch {
      return false;
    }
    this.#provenAt = lookedAt;
    this.#removals = seen;
    return true;
  }
}
