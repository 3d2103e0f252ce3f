import type { Isolation } from '../tenant/tenant.js';

/** The database systems that tenantry has an engine for. `mysql` is MariaDB too. */
export type EngineName = 'mysql' | 'postgres' | 'sqlite';

/**
 * What an engine can do, each with its default. Code asks for a capability, never for an engine.
 */
export interface EngineCapabilities {
  /** A running statement can be cancelled at the server. Default false. */
  readonly cancel: boolean;
  /** Cancelling takes a connection of its own, which the budget must hold ready. Default false. */
  readonly cancelTakesConnection: boolean;
  /** The server can push messages to its clients (LISTEN/NOTIFY). Default false. */
  readonly notify: boolean;
  /** DDL takes part in transactions. Default false. */
  readonly transactionalDdl: boolean;
  /** A connection can move to another database of its server, see `EngineConnection.rebind`. Default false. */
  readonly rebind: boolean;
  /** How tenants can be kept apart on one server. Default: each in a database of its own. */
  readonly isolations: readonly Isolation[];
  /** A connection is cheap enough (a file handle) that many are the normal case. Default false. */
  readonly cheapConnections: boolean;
  /** Connections open, prove themselves and answer without waiting: `EngineServer.openNow`. Default false. */
  readonly synchronous: boolean;
  /** The dialect in which the catalog's own statements are compiled. */
  readonly dialect: EngineName;
}

/** Fills in the default of every capability that an engine does not name. */
export function capabilities(
  own: Partial<EngineCapabilities> & Pick<EngineCapabilities, 'dialect'>,
): EngineCapabilities {
  return Object.freeze<EngineCapabilities>({
    cancel: false,
    cancelTakesConnection: false,
    notify: false,
    transactionalDdl: false,
    rebind: false,
    isolations: ['database'],
    cheapConnections: false,
    synchronous: false,
    ...own,
  });
}
