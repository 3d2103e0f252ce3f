/**
 * A connection could not be moved to another database, and was destroyed. `cause` is the server's own
 * error. The statement that was sent along never ran in the previous database; what it may have done to
 * databases that it names itself is unknown.
 */
export class RebindFailedError extends Error {
  constructor(
    readonly database: string,
    options: { readonly cause: unknown },
  ) {
    const { cause } = options;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The connection could not be moved to the database ${JSON.stringify(database)}: ${reason}`,
      options,
    );
    this.name = 'RebindFailedError';
  }
}
