import type { EngineConnection } from '../../engine/connection.js';
import type { StatementRule } from './statement-rules.js';

/** A connection that also runs the statements of scripts, and is closed after them. */
export interface ScriptConnection extends EngineConnection {
  /**
   * Runs one statement of a script that was checked (`checkScript`), whose rows nobody wants. For this engine's own use.
   *
   * @throws SqliteEngineError of kind `access-denied` if SQLite says that it attached another database.
   */
  runOfScript(rule: StatementRule): Promise<void>;
}
