import type { EngineConnection } from '../engine/connection.js';
import type { PlaceOptions } from '../engine/place.js';
import type { TenantLimits } from './fair-queue-options.js';

/** What a connection is to serve. */
export interface PoolTarget {
  /** Whose it is: a tenant's id, or `central`. */
  readonly key: string;
  /** The tenant's name, for messages. */
  readonly label: string;
  readonly epoch: number;
  readonly database: string;
  /** The part of the database, and as whom. */
  readonly place: PlaceOptions;
  /** What it may have of the server. Undefined: what any may have ({@link ServerPool.limits}). */
  readonly limits?: TenantLimits | undefined;
  /**
   * The server instances on which this database has proved to be this target's at this epoch. A
   * connection that is moved here from another target of the same instance needs no other proof; one
   * that is opened always proves itself, for a proof costs little beside a connect.
   */
  readonly certifiedOn: Set<string>;
  /** Proves a connection before anybody gets it. Its rejection closes the connection. */
  certify(connection: EngineConnection): Promise<void>;
  /** The same without waiting. Undefined where nobody asks for that. */
  certifyNow?(connection: EngineConnection): void;
}

/** Whether a connection that is moved to this target needs no proof. */
export function isCertified(target: PoolTarget, connection: EngineConnection): boolean {
  return connection.instance !== undefined && target.certifiedOn.has(connection.instance);
}

/** Proves a connection, and remembers it. */
export async function certifyFor(target: PoolTarget, connection: EngineConnection): Promise<void> {
  await target.certify(connection);
  if (connection.instance !== undefined) target.certifiedOn.add(connection.instance);
}
