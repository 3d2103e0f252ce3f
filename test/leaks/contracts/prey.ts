/** Where a tenant stands, as the hunt itself knows it. */
export interface TenantState {
  readonly id: string;
  readonly epoch: number;
  readonly status: 'active' | 'suspended' | 'deleted' | 'absent';
  /** The name of its database, its schema, or the key of its rows. */
  readonly place: string;
  readonly revision: number;
}

/** A tenant that is hunted. */
export interface Prey {
  readonly name: string;
  /** `main` is reached directly, `far` through the proxy. */
  readonly server: 'main' | 'far';
  /** The process that changes it. */
  readonly owner: number;
  /** Whether it is deleted and created anew. */
  readonly phoenix: boolean;
  readonly state: TenantState;
}
