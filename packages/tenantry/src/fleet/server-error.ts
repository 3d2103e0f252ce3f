import { describeAddress } from '../engine/address.js';
import { outOfResources } from '../engine/lazy-package.js';
import {
  DatabaseMissingError,
  ServerRefusedError,
  ServerUnavailableError,
  type TenancyError,
} from '../errors.js';
import type { AdminServer } from './admin-server.js';

/** The error for a server that does not answer, does not let us in, or takes no writes; undefined for anything else. */
export function serverError(error: unknown, { name, server }: AdminServer): TenancyError | undefined {
  const kind = server.engine.classifyError(error);
  const reason = error instanceof Error ? error.message : String(error);
  const place = `Server ${name} (${describeAddress(server.address)})`;
  const exhausted = outOfResources(error, `${place} could not be asked`);
  if (exhausted !== undefined) return exhausted;
  switch (kind) {
    case 'unreachable':
    case 'connection-lost':
    case 'killed':
      return new ServerUnavailableError(`${place} does not answer: ${reason}`, {
        cause: error,
        kind,
        hint: 'Check that it runs and that this machine reaches it.',
      });
    case 'unknown-database':
      return new DatabaseMissingError(`${place} has no such database: ${reason}`, {
        cause: error,
        kind,
        hint: 'It was dropped or moved behind the catalog; restore it, or delete the tenant.',
      });
    case 'too-many-connections':
      return new ServerRefusedError(`${place} takes no more connections: ${reason}`, {
        cause: error,
        kind,
        hint: 'Lower maxConnections of the processes that use it, or raise the limit of the server.',
      });
    case 'read-only':
      return new ServerUnavailableError(`${place} takes no writes now: ${reason}`, {
        cause: error,
        kind,
        hint: 'It may be a replica, or be changing its part; point its address at one that takes writes, or try again.',
      });
    case 'access-denied':
      return new ServerRefusedError(`${place} refused: ${reason}`, {
        cause: error,
        kind,
        hint: 'Check the user, its password and its rights to create databases.',
      });
    default:
      return undefined;
  }
}
