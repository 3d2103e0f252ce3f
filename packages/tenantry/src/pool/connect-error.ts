import { describeAddress } from '../engine/address.js';
import type { EngineServer } from '../engine/engine.js';
import {
  AbortedError,
  DatabaseMissingError,
  ServerRefusedError,
  ServerUnavailableError,
  TenancyError,
} from '../errors.js';
import type { PoolTarget } from './target.js';

/** What a failure to open a connection means to the caller. */
export function connectError(
  error: unknown,
  name: string,
  server: EngineServer,
  target: PoolTarget,
): TenancyError {
  if (error instanceof TenancyError) return error;
  const kind = server.engine.classifyError(error);
  const place = `server ${name} (${describeAddress(server.address)})`;
  const details = { cause: error, kind, tenant: target.label };
  const reason = error instanceof Error ? error.message : String(error);
  switch (kind) {
    case 'unknown-database':
      return new DatabaseMissingError(`There is no database ${target.database} on ${place}.`, {
        ...details,
        hint: 'It was dropped or moved behind the catalog; restore it, or delete the tenant.',
      });
    case 'access-denied':
      return new ServerRefusedError(`The ${place} refused the connection to ${target.database}: ${reason}`, {
        ...details,
        hint: 'Check the user and the password in the URL, and that the user may use this database.',
      });
    case 'too-many-connections':
      return new ServerRefusedError(`The ${place} takes no more connections: ${reason}`, {
        ...details,
        hint: 'Lower maxConnections of the processes that use it, or raise the limit of the server, the user or the database.',
      });
    case 'lock-timeout':
      return new ServerUnavailableError(`The database ${target.database} on ${place} is locked: ${reason}`, {
        ...details,
        hint: 'Another connection or program keeps it locked, or is opening it. Try again; a call that cannot wait finds it open after await tenancy.warmUp([name]), which waits.',
      });
    case 'cancelled':
      return new AbortedError(`Connecting to ${place} was aborted.`, details);
    default:
      return new ServerUnavailableError(`The ${place} does not answer: ${reason}`, {
        ...details,
        hint: 'Check that it runs and that this machine reaches it.',
      });
  }
}
