import { TenancyError } from '../errors.js';
import type { ServerPool } from '../pool/server-pool.js';
import type { Route } from '../tenant/tenant.js';
import type { LeaseSource } from './executor.js';
import { Limit } from './limit.js';
import type { CallOptions } from './session.js';

/** What a warm-up came to. */
export interface WarmUp {
  /** Tenants whose routes are known now. */
  readonly routes: number;
  /** Connections that are open now for those of them that came first. */
  readonly connections: number;
  /** Tenants that could not be warmed up, with the codes of their errors; each is tried again by its first request. */
  readonly failed: readonly { readonly tenant: string; readonly code: string }[];
}

/** What a warm-up needs of a session. */
export interface WarmUpSession extends LeaseSource {
  ready(options?: CallOptions): Promise<Route>;
}

/** How long a warm-up may take where nobody says. */
const WARM_UP_MS = 10_000;

/**
 * Reads the routes of these tenants, and opens a connection for each in their order, as far as each
 * server has room without closing what is there. Rejects only where the caller's signal fires.
 */
export async function warmUp(
  sessions: readonly WarmUpSession[],
  poolOf: (server: string) => ServerPool,
  options: CallOptions = {},
): Promise<WarmUp> {
  const limit = new Limit('The warm-up', options, WARM_UP_MS);
  limit.assertRunning();
  const failed: { tenant: string; code: string }[] = [];
  const orFailed = async <T>(tenant: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      limit.assertRunning();
      failed.push({ tenant, code: error instanceof TenancyError ? error.code : 'TENANTRY_INTERNAL' });
      return undefined;
    }
  };
  const { signal } = options;
  const routes = await Promise.all(
    sessions.map((session) =>
      orFailed(session.label, session.ready({ timeoutMs: limit.remainingMs, signal })),
    ),
  );
  const spare = new Map<string, number>();
  const chosen = sessions.filter((_, index) => {
    const server = routes[index]?.placement.server;
    if (server === undefined) return false;
    const left = spare.get(server) ?? poolOf(server).spare;
    spare.set(server, left - 1);
    return left > 0;
  });
  const opened = await Promise.all(
    chosen.map(async (session) => {
      const lease = await orFailed(session.label, (async () => session.lease(limit))());
      lease?.release();
      return lease;
    }),
  );
  return { routes: numberOf(routes), connections: numberOf(opened), failed };
}

function numberOf(items: readonly unknown[]): number {
  return items.filter((item) => item !== undefined).length;
}
