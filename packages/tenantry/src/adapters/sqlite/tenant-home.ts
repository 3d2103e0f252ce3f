import {
  type DatabaseHome,
  type HeldHandle,
  type LentHandle,
  lentHandleOf,
} from '../../engines/sqlite/lent/index.js';
import { ClosedError } from '../../errors.js';
import type { ClientLease, Clients, UseLimits } from '../../session/clients.js';
import type { Tenancy } from '../../tenancy.js';
import { keyOf, shownLabelOf, type TenantRef } from '../../tenant/ref.js';
import { Pin } from './pin.js';

/**
 * Where the statements of a tenancy's database run: each on a handle of the tenant's, which is given back
 * when the call returns. A handle that is left in a transaction stays with the run in which it began, so
 * that the statements which follow there find it and nobody else does.
 */
export class TenantHome implements DatabaseHome {
  readonly name: string;
  readonly #tenancy: Tenancy;
  readonly #tenant: TenantRef | undefined;
  readonly #limits: UseLimits | undefined;
  /** By the run of the context, or this for what runs outside of one; then by the tenant's name. */
  readonly #pins = new WeakMap<object, Map<string, Pin>>();
  #isClosed = false;

  constructor(tenancy: Tenancy, tenant: TenantRef | undefined, limits: UseLimits | undefined) {
    this.#tenancy = tenancy;
    this.#tenant = tenant;
    this.#limits = limits;
    this.name = tenant === undefined ? 'ambient' : shownLabelOf(keyOf(tenant));
  }

  get open(): boolean {
    return !this.#isClosed;
  }

  get inTransaction(): boolean {
    return this.#pinOf(this.#clients())?.inTransaction ?? false;
  }

  use<T>(sql: string, work: (handle: LentHandle) => T): T {
    const clients = this.#clients();
    const pin = this.#pinOf(clients);
    if (pin !== undefined) return pin.use(sql, work);
    const lease = clients.take(this.#limits);
    const handle = lentHandleOf(lease.client);
    try {
      return work(handle);
    } finally {
      if (handle.inTransaction) this.#pin(clients, lease);
      else lease.release();
    }
  }

  hold(): HeldHandle {
    const clients = this.#clients();
    const pin = this.#pinOf(clients);
    if (pin !== undefined) return { handle: pin.handle, release: () => {} };
    return new Pin(clients.take(this.#limits));
  }

  close(): void {
    this.#isClosed = true;
  }

  #clients(): Clients {
    if (!this.#isClosed) return this.#tenancy.clients(this.#tenant);
    throw new ClosedError('This database is closed.', { hint: 'Make no calls after close().' });
  }

  #pinOf({ scope = this, tenant }: Clients): Pin | undefined {
    return this.#pins.get(scope)?.get(tenant);
  }

  #pin({ scope = this, tenant }: Clients, lease: ClientLease): void {
    const pins = this.#pins.get(scope) ?? new Map<string, Pin>();
    this.#pins.set(scope, pins);
    pins.set(tenant, new Pin(lease, () => pins.delete(tenant)));
  }
}
