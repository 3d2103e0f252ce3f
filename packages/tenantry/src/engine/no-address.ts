import { NotSupportedError } from '../errors.js';

/**
 * The option `stream` of what a host sees as a connection's or a pool's configuration. mysql2 and pg open their socket by it,
 * so that a host which makes a connection of its own from that configuration, to cancel a statement or to look around, is
 * told so. Without it the driver would connect to its default address, or to the environment's: to whatever answers
 * there, beside the budget.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`), always
 */
export function noAddress(): never {
  throw new NotSupportedError('This configuration has no address: its connections belong to a tenancy.', {
    hint: 'Ask the pool for another connection; statements are ended by queryMs, or by the signal of tenancy.run.',
  });
}
