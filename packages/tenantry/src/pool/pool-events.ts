import type { TenancyError } from '../errors.js';
import { AbortedError, PoolTimeoutError } from '../errors.js';
import type { CloseReason } from '../observe/events.js';
import type { Watchers } from '../observe/watchers.js';
import type { PoolTarget } from './target.js';

/** Whose a connection is, and since when it exists. */
interface Owned {
  readonly key: string;
  readonly label: string;
  readonly openedAt: number;
}

/** What a pool tells of itself; each costs a look where nobody listens. */
export class PoolEvents {
  readonly #server: string;
  readonly #watchers: Watchers;

  constructor(server: string, watchers: Watchers) {
    this.#server = server;
    this.#watchers = watchers;
  }

  mismatched(target: PoolTarget, error: TenancyError): void {
    if (!this.#watchers.hears('identity.mismatch')) return;
    const { database } = target;
    this.#watchers.tell('identity.mismatch', { ...this.#about(target), database, error });
  }

  opened(target: PoolTarget, ms: number): void {
    if (!this.#watchers.hears('connection.opened')) return;
    this.#watchers.tell('connection.opened', { ...this.#about(target), ms });
  }

  rebound(target: PoolTarget, from: Owned): void {
    if (!this.#watchers.hears('connection.rebound')) return;
    const { key: fromTenantId, label: fromTenant } = from;
    this.#watchers.tell('connection.rebound', { ...this.#about(target), fromTenantId, fromTenant });
  }

  closed(pooled: Owned, reason: CloseReason, now: number): void {
    if (!this.#watchers.hears('connection.closed')) return;
    const ageMs = now - pooled.openedAt;
    this.#watchers.tell('connection.closed', { ...this.#about(pooled), reason, ageMs });
  }

  /** A wait is over, with this error or with what was waited for. */
  waited(waiter: Pick<PoolTarget, 'key' | 'label'>, ms: number, error?: Error): void {
    if (!this.#watchers.hears('wait.ended')) return;
    this.#watchers.tell('wait.ended', { ...this.#about(waiter), ms, outcome: outcomeOf(error) });
  }

  unreachable(error: Error): void {
    if (!this.#watchers.hears('server.unreachable')) return;
    this.#watchers.tell('server.unreachable', { server: this.#server, error });
  }

  full(allowed: number, error: Error): void {
    if (!this.#watchers.hears('server.full')) return;
    this.#watchers.tell('server.full', { server: this.#server, allowed, error });
  }

  freed(): void {
    if (!this.#watchers.hears('server.freed')) return;
    this.#watchers.tell('server.freed', { server: this.#server });
  }

  reachable(): void {
    if (!this.#watchers.hears('server.reachable')) return;
    this.#watchers.tell('server.reachable', { server: this.#server });
  }

  #about({ key, label }: Pick<PoolTarget, 'key' | 'label'>) {
    return { server: this.#server, tenantId: key, tenant: label };
  }
}

function outcomeOf(error: Error | undefined) {
  if (error === undefined) return 'served';
  if (error instanceof PoolTimeoutError) return 'timeout';
  return error instanceof AbortedError ? 'aborted' : 'failed';
}
