/**
 * The driver's own client in somebody's hands, until it is revoked.
 *
 * Statements that it is given are judged like others ({@link EngineConnection.isTouched}); whatever
 * else is done with it counts as touching the session.
 */
export interface LentClient {
  /**
   * mysql2's `Connection`, pg's `Client`, better-sqlite3's `Database`, behind a lease: methods are
   * bound to the real object, so everything works; once revoked, every use of it, and of what it
   * handed out that could still reach the connection, throws `LeaseEndedError`.
   */
  readonly client: object;
  /** Ends the lease of the client, not the connection. Every later use throws `reason`, where one is given. Idempotent, never throws. */
  revoke(reason?: Error): void;
}

/** How a client is lent. */
export interface LendOptions {
  /**
   * Gives the driver's client itself, which cannot be revoked: whoever keeps it meets whatever the
   * connection serves later, another tenant perhaps. So the connection is closed when it comes back.
   * Default false.
   */
  readonly raw?: boolean | undefined;
}
