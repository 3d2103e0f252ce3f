import { NotSupportedError } from '../errors.js';
import type { Lease } from '../pool/lease.js';

/**
 * What whoever made a call that is one lease gets where its statement left a transaction open, by the server's own
 * word: the next call may run on another connection, so that it would protect nothing. The connection is not clean;
 * it is closed when it comes back, which rolls the transaction back.
 */
export function transactionLeftOpen(lease: Lease, label: string): NotSupportedError | undefined {
  if (lease.ended || !lease.connection.isInTransaction()) return undefined;
  return new NotSupportedError(
    `A statement of ${label} began a transaction and left it open; it was rolled back.`,
    {
      tenant: label,
      hint: 'Each call may run on another connection. Use transaction(fn), or take one client for all of its statements.',
    },
  );
}
