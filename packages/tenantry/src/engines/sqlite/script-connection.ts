import type { EngineConnection } from '../../engine/connection.js';

/** A connection that also runs the statements of scripts, which have been checked already. */
export interface ScriptConnection extends EngineConnection {
  /**
   * Runs one statement that gives no rows, or whose rows nobody wants, without looking at what it is. For
   * this engine's own use.
   */
  execute(sql: string): Promise<void>;
}
