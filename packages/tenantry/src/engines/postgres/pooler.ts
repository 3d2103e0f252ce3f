import { randomBytes } from 'node:crypto';
import { UnsafeIsolationError } from '../../errors.js';
import type { Client } from './driver.js';
import { ask } from './own-values.js';

interface Pid {
  readonly pid: number;
}

/** Long enough for a message on a busy machine; whoever opens the session may give up earlier. */
const PROOF_MS = 3000;
const NOTIFY = 'SELECT pg_catalog.pg_notify($1, $2), pg_catalog.pg_backend_pid() AS pid';

/**
 * Proves that a pooler in front of the server gives a client one session of the server for as long as it stays
 * connected, by the one thing that only such a session has: a message that arrives while nothing runs. A
 * pooler that lends the session out between transactions could run a statement where another tenant's binding
 * holds.
 *
 * @param client the session to be proved, idle; it goes on listening until it is reset.
 * @param openWitness opens another client of the same user and database.
 * @throws UnsafeIsolationError (`TENANTRY_UNSAFE_ISOLATION`) if it was not proved within a few seconds.
 */
export async function proveSession(client: Client, openWitness: () => Promise<Client>): Promise<void> {
  const channel = `tenantry_${randomBytes(12).toString('hex')}`;
  const [own] = await ask<Pid>(client, 'SELECT pg_catalog.pg_backend_pid() AS pid');
  await client.query(`LISTEN ${channel}`);
  let timer: NodeJS.Timeout | undefined;
  let onMessage: ((message: { readonly channel: string }) => void) | undefined;
  const heard = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROOF_MS);
    onMessage = (message) => {
      if (message.channel === channel) resolve(true);
    };
    client.on('notification', onMessage);
    // The client closes its socket when whoever opens it gives up.
    client.once('end', () => resolve(false));
  });
  try {
    const witness = await openWitness().catch((cause: unknown) => {
      throw notProved(client, 'it gave us no second session to prove it with', cause);
    });
    try {
      const told = ask<Pid>(witness, NOTIFY, [channel, '']).then(
        ([seen]) => seen?.pid,
        () => undefined,
      );
      // The very session that the first client believes to have for itself. The pooler may also let the
      // witness wait for one, until it is too late.
      if ((await Promise.race([told, heard])) === own?.pid) {
        throw notProved(client, 'it gave one session to two of us');
      }
      if (!(await heard)) throw notProved(client, 'a message for an idle session did not arrive');
    } finally {
      witness.connection.stream.destroy();
    }
  } finally {
    clearTimeout(timer);
    if (onMessage !== undefined) client.off('notification', onMessage);
  }
}

function notProved({ database }: Client, reason: string, cause?: unknown): UnsafeIsolationError {
  return new UnsafeIsolationError(
    `A pooler stands before the server, and whether it keeps a session of ${database} for one client is not proved: ${reason}.`,
    {
      cause,
      hint: 'Connect to the server itself, or set the pooler to session pooling (PgBouncer: pool_mode = session) with room for two clients.',
    },
  );
}
