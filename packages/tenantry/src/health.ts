import { type ErrorCode, TenancyError } from './errors.js';
import type { PoolStats } from './pool/stats.js';
import type { TenantsStats } from './pool/tenant-stats.js';

/** Whether a part answers. */
export interface PartHealth {
  readonly ok: boolean;
  /** Why not, where it does not. */
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** What `tenancy.health()` says. */
export interface Health {
  /** Whether the catalog and every server answer. */
  readonly ok: boolean;
  readonly catalog: PartHealth & {
    readonly revision: number;
    /** Milliseconds since the catalog last confirmed what the caches say. */
    readonly confirmedMsAgo: number;
  };
  readonly servers: Readonly<Record<string, PartHealth & { readonly pool: PoolStats }>>;
}

/** What `tenancy.stats()` says: this process in numbers, without asking anybody. */
export interface Stats {
  readonly directory: {
    /** The revision up to which everything cached is true. */
    readonly revision: number;
    /** Milliseconds since the catalog last confirmed it. */
    readonly confirmedMsAgo: number;
    /** Routes in memory. */
    readonly routes: number;
  };
  readonly servers: Readonly<Record<string, ServerStats>>;
}

/** A server's pool in numbers, and the tenants that are at it. */
export interface ServerStats extends PoolStats, TenantsStats {}

/** Tenants that are told of, for each server. */
export const TENANTS_TOLD = 100;

/** How long a part may take to answer, in milliseconds. */
export const HEALTH_MS = 2000;

/** Asks one part. Never rejects. */
export async function probe(work: () => Promise<void>): Promise<PartHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${HEALTH_MS} ms`)), HEALTH_MS);
  });
  try {
    await Promise.race([work(), late]);
    return { ok: true };
  } catch (error) {
    const known = error instanceof TenancyError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, error: { code: known?.code ?? 'TENANTRY_SERVER_UNAVAILABLE', message } };
  } finally {
    clearTimeout(timer);
  }
}
