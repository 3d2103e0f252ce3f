import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Stream<T> = T & { readonly isTTY?: boolean };

/** What the command line takes from its surroundings, so that a test can surround it differently. */
export interface System {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Stream<Readable>;
  readonly stdout: Stream<Writable>;
  readonly stderr: Stream<Writable>;
  /** Fires at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Whether somebody sits there who can be asked. Questions go to stderr, since stdout is for data. */
export function canAsk(system: System): boolean {
  return system.stdin.isTTY === true && system.stderr.isTTY === true;
}
