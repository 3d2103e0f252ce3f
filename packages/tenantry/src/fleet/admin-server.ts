import type { EngineServer } from '../engine/engine.js';
import type { Provisioning } from '../engine/provisioning.js';

/** A configured server as the administration of tenants uses it. */
export interface AdminServer {
  readonly name: string;
  readonly server: EngineServer;
  /** Its provisioning, within the server's budget of connections. */
  provisioning(): Promise<Provisioning>;
}

/** Finds a configured server by name. Throws UnknownServerError. */
export type FindServer = (name: string) => AdminServer;
