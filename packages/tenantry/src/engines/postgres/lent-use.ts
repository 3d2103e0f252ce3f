/** What a lent client tells of its use, and asks. */
export interface LentUse {
  /** Something was done that a reset does not undo: the connection is closed when it comes back. */
  spoil(): void;
  /** Something was done that only a reset undoes, and that no statement's text shows. */
  touch(): void;
  /** Something may be written past the driver: what was to be written ahead of its next command is written now. */
  flush(): void;
  /** The borrower is done. */
  ended(): void;
  /**
   * Resolves when the answer to a failed statement has come to its end; undefined if it has, or will
   * not come. The driver tells of the error before.
   */
  untilAnswered(error: unknown): Promise<void> | undefined;
}
