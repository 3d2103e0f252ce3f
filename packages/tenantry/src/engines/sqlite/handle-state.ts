import type { DriverHandle, DriverStatement } from './driver-handle.js';
import { SqliteEngineError } from './errors.js';

/** The PRAGMAs that a handle is relied on to have as it was set up, or that change what statements mean. */
const SETTINGS = [
  ...['busy_timeout', 'foreign_keys', 'synchronous', 'journal_mode', 'locking_mode', 'query_only'],
  ...['recursive_triggers', 'defer_foreign_keys', 'ignore_check_constraints', 'legacy_alter_table'],
  ...['read_uncommitted', 'reverse_unordered_selects', 'writable_schema', 'trusted_schema', 'temp_store'],
  ...['cache_size', 'max_page_count', 'automatic_index', 'cell_size_check'],
] as const;

const READ_SETTINGS = `SELECT ${SETTINGS.map((name) => `(SELECT * FROM pragma_${name}) AS ${name}`).join(', ')}`;

/**
 * What SQLite itself says of a handle: which databases it reaches and how it is set. Asked after whatever was
 * not proved harmless by its text, and compared with what it said before the first such statement.
 */
export class HandleState {
  readonly #databases: DriverStatement;
  readonly #settings: DriverStatement;
  readonly #atFirst: string;

  constructor(handle: DriverHandle) {
    this.#databases = handle.prepare('SELECT seq, name FROM pragma_database_list');
    this.#settings = handle.prepare(READ_SETTINGS);
    this.#atFirst = this.#readSettings();
  }

  /**
   * Whether nothing is in the handle that was not there at first: no temporary object, no other setting.
   *
   * @throws SqliteEngineError of kind `access-denied` where another file was attached.
   */
  isAsAtFirst(): boolean {
    return !this.assertAlone() && this.#readSettings() === this.#atFirst;
  }

  /**
   * That no other file is attached; whether there is a schema of temporary objects.
   *
   * @throws SqliteEngineError of kind `access-denied`
   */
  assertAlone(): boolean {
    const databases = this.#databases.all([]);
    if (databases.every(({ seq }) => Number(seq) < 2)) return databases.length > 1;
    throw new SqliteEngineError(
      'access-denied',
      'The statement attached another database; the connection was closed.',
    );
  }

  #readSettings(): string {
    const [settings = {}] = this.#settings.all([]);
    return Object.entries(settings).join();
  }
}
