/**
 * A statement that the server never had whole: its connection was known to have ended, so not a byte
 * was sent, or the write itself failed. It cannot have run, so it is safe to run it on another connection.
 */
export class NotSentError extends Error {
  constructor(message = 'The connection had ended before the statement was sent.', options?: ErrorOptions) {
    super(message, options);
    this.name = 'NotSentError';
  }
}
