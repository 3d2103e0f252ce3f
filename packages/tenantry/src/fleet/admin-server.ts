import type { EngineServer } from '../engine/engine.js';
import type { Provisioning } from '../engine/provisioning.js';
import type { Isolation } from '../tenant/tenant.js';

/** A configured server as the administration of tenants uses it. */
export interface AdminServer {
  readonly name: string;
  readonly server: EngineServer;
  /** How its tenants are kept apart where a creation does not say. */
  readonly isolation: Isolation;
  /** Its provisioning, within the server's budget of connections. */
  provisioning(): Promise<Provisioning>;
}

/** Finds a configured server by name. Throws UnknownServerError. */
export type FindServer = (name: string) => AdminServer;
