/** How mysql2 calls back. */
export type Callback = (error: unknown, ...results: unknown[]) => void;

/** A command of mysql2, as far as it is used here. */
export interface Command {
  sql: string;
  values?: unknown;
  namedPlaceholders?: boolean | undefined;
  onResult?: Callback | undefined;
  emit(event: string, ...args: unknown[]): boolean;
  /** Its rows, where it has no callback. */
  stream?(options?: unknown): unknown;
  /** Called when its turn comes; gives what is to be called next, or nothing where it is done. */
  start?(packet: unknown, connection: unknown): unknown;
  /** Left out where the command is not the driver's own. */
  listenerCount?(event: string): number;
}

/** Ends a command as the driver does where the server has answered with an error, be it a stream. */
export function failCommand(command: Command, error: Error): void {
  tellFailure(command, error);
  if (command.listenerCount !== undefined) command.emit('end', error);
}

/** Tells whoever waits for a command that it failed; the driver itself tells of its end. */
export function tellFailure(command: Command, error: Error): void {
  if (command.onResult !== undefined) command.onResult(error);
  else if (command.listenerCount?.('error')) command.emit('error', error);
}
