import type { TenancyError } from '../errors.js';
import type { Route } from '../tenant/tenant.js';

/** Which server an event is about: its name among the options, or `catalog` or `central` for the catalog's own. */
export interface ServerEvent {
  readonly server: string;
}

/** Which tenant an event is about as well. What belongs to none (the catalog, provisioning) names itself instead. */
export interface TenantEvent extends ServerEvent {
  readonly tenantId: string;
  /** Its name. */
  readonly tenant: string;
}

/**
 * Why a connection was closed.
 *
 * - `idle`: not used for `idleMs`; `old`: it reached `lifetimeMs`
 * - `evicted`: its place was needed for another tenant; `unmovable`: it could not be moved there
 * - `doubtful`: it came back, and was not provably clean
 * - `cancelled`: its statement was cancelled; `discarded`: its holder asked for it
 * - `unproved`: the database that it was moved to is not the tenant's
 * - `ended`: its tenant's epoch is over; `lost`: the server ended it; `closing`: the tenancy was closed
 */
export type CloseReason =
  | 'idle'
  | 'old'
  | 'evicted'
  | 'unmovable'
  | 'doubtful'
  | 'cancelled'
  | 'discarded'
  | 'unproved'
  | 'ended'
  | 'lost'
  | 'closing';

/** Every event by its name, with what it tells. */
export interface TenancyEvents {
  /**
   * An alarm: a database is not the one that the catalog means. The connection was closed, and
   * whoever asked for it got the error.
   */
  'identity.mismatch': TenantEvent & { readonly database: string; readonly error: TenancyError };
  /** A connection was opened and has proved whose it is. */
  'connection.opened': TenantEvent & { readonly ms: number };
  /** A connection was moved from another tenant to this one. */
  'connection.rebound': TenantEvent & { readonly fromTenantId: string; readonly fromTenant: string };
  /** A connection is being closed. */
  'connection.closed': TenantEvent & { readonly reason: CloseReason; readonly ageMs: number };
  /** A caller that had to wait for a connection got it (`served`), ran out of time, aborted, or was refused. */
  'wait.ended': TenantEvent & {
    readonly ms: number;
    readonly outcome: 'served' | 'timeout' | 'aborted' | 'failed';
  };
  /** A server does not answer: from now on only a probe now and then is sent to it. */
  'server.unreachable': ServerEvent & { readonly error: Error };
  /** It answers again. */
  'server.reachable': ServerEvent;
  /** A server takes fewer connections than the budget: from now on this process makes do with so many, and tries for more. */
  'server.full': ServerEvent & { readonly allowed: number; readonly error: Error };
  /** It takes as many as the budget again. */
  'server.freed': ServerEvent;
  /** A tenant that this process has cached was changed: renamed, suspended, resumed, moved, deleted. */
  'tenant.changed': {
    readonly tenantId: string;
    /** Its name before. */
    readonly tenant: string;
    readonly before: Route;
    readonly after: Route;
  };
}

/** The name of an event. */
export type EventName = keyof TenancyEvents;

/** What hears an event. It should be short; what it throws becomes a warning of the process and harms nobody. */
export type EventListener<Name extends EventName> = (event: TenancyEvents[Name]) => void;

/** Every name once, so that a channel is made for each. */
export const EVENT_NAMES = Object.keys({
  'identity.mismatch': true,
  'connection.opened': true,
  'connection.rebound': true,
  'connection.closed': true,
  'wait.ended': true,
  'server.unreachable': true,
  'server.reachable': true,
  'server.full': true,
  'server.freed': true,
  'tenant.changed': true,
} satisfies Record<EventName, true>) as readonly EventName[];
