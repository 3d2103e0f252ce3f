import { accessSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OpenOptions } from '../../engine/engine.js';
import type { PlacementConflict } from '../../engine/placement-conflict.js';
import type { IdentityChange, Provisioning, StepOptions } from '../../engine/provisioning.js';
import type { ErrorKind } from '../../errors.js';
import type { Identity } from '../../tenant/tenant.js';
import {
  assertDatabaseName,
  companionSuffixes,
  createFile,
  databasePath,
  databasesIn,
  hasOtherNames,
  realFolder,
  syncFolder,
} from './database-file.js';
import { classifyError, SqliteEngineError } from './errors.js';
import { noteRemoval } from './file-proof.js';
import { changeIdentity, conflictIn, markDeleted, readIdentity } from './identity.js';
import type { ScriptConnection } from './script-connection.js';
import { checkScript } from './statement-rules.js';

/** Milliseconds to open a file: only another connection that turns on write-ahead logging is waited for. */
const OPEN_MS = 5000;

const OTHER_TABLES = `SELECT 1 FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  AND name <> 'tenantry_identity'
LIMIT 1`;

/** After these somebody may still write, or the caller gave up: the file stays. */
const KEEPS_FILE: ReadonlySet<ErrorKind> = new Set(['lock-timeout', 'cancelled']);

/** Opens a connection to a database of the folder. */
type Open = (name: string, options: OpenOptions) => Promise<ScriptConnection>;

/** Makes and describes the files of one folder. */
export class SqliteProvisioning implements Provisioning {
  readonly #folder: string;
  readonly #open: Open;
  readonly #openForScript: Open;

  /** `open` is for a few small statements, `openForScript` for what may take long. */
  constructor(folder: string, open: Open, openForScript: Open) {
    this.#folder = folder;
    this.#open = open;
    this.#openForScript = openForScript;
  }

  /** Makes the folder too. A name that differs only in case from one that is there counts as there. */
  async createDatabase(name: string, { signal }: StepOptions = {}): Promise<void> {
    assertDatabaseName(name);
    assertRunning(signal);
    makeFolder(this.#folder);
    const folder = realFolder(this.#folder);
    createFile(folder, name);
    try {
      // Writes the file's header, so that what was made is a database from the first look on.
      await this.#use(name, signal, async (connection) => {
        await connection.query('PRAGMA user_version');
      });
    } catch (error) {
      removeFile(folder, name);
      throw error;
    }
  }

  /** A connection that is open goes on with a file that nobody else sees, until it is asked whether it is alive. */
  async dropDatabase(name: string, { signal }: StepOptions = {}): Promise<void> {
    assertDatabaseName(name);
    assertRunning(signal);
    const names = databasesIn(this.#folder);
    // Nor may the companions of a name that differs in case be taken away where case is folded.
    const isTwin = (other: string) => other !== name && other.toLowerCase() === name.toLowerCase();
    if (!names.includes(name) && names.some(isTwin)) return;
    if (names.includes(name)) await this.#markDeleted(name, signal);
    removeFile(this.#folder, name);
  }

  async databaseExists(name: string, { signal }: StepOptions = {}): Promise<boolean> {
    assertRunning(signal);
    return databasesIn(this.#folder).includes(name);
  }

  async isEmpty(name: string, { signal }: StepOptions = {}): Promise<boolean> {
    return this.#use(name, signal, async (connection) => {
      const { rows } = await connection.query(OTHER_TABLES);
      return rows.length === 0;
    });
  }

  async listDatabases({ signal }: StepOptions = {}): Promise<readonly string[]> {
    assertRunning(signal);
    return databasesIn(this.#folder);
  }

  async readIdentity(name: string, { signal }: StepOptions = {}): Promise<Identity | undefined> {
    return this.#use(name, signal, readIdentity);
  }

  async conflictAt(name: string, { signal }: StepOptions = {}): Promise<PlacementConflict | undefined> {
    const inIt = await this.#use(name, signal, conflictIn);
    return inIt ?? (hasOtherNames(databasePath(realFolder(this.#folder), name)) ? 'linked' : undefined);
  }

  async mayIdentify(name: string, { signal }: StepOptions = {}): Promise<boolean> {
    assertRunning(signal);
    assertDatabaseName(name);
    return [this.#folder, databasePath(realFolder(this.#folder), name)].every(isWritable);
  }

  async changeIdentity(name: string, ...change: IdentityChange): Promise<void> {
    await this.#use(name, change[2]?.signal, (connection) => changeIdentity(connection, change));
  }

  /** Checks the whole script first; then its statements run one by one, waiting for locks where they must. */
  async runScript(name: string, script: string, { signal }: StepOptions = {}): Promise<void> {
    const statements = checkScript(script);
    const run = async (connection: ScriptConnection) => {
      for (const statement of statements) {
        assertRunning(signal);
        await connection.runOfScript(statement);
      }
      if (!connection.isInTransaction()) return;
      throw new SqliteEngineError(
        'other',
        'The script began a transaction and did not end it; it was rolled back.',
      );
    };
    await this.#use(name, signal, run, this.#openForScript);
  }

  /** Says in the file that it is nobody's, for whoever opens it before it is gone; one that is no database is just removed. */
  async #markDeleted(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#use(name, signal, markDeleted);
    } catch (error) {
      if (KEEPS_FILE.has(classifyError(error))) throw error;
    }
  }

  /** A connection of its own, closed whatever happens. */
  async #use<T>(
    name: string,
    signal: AbortSignal | undefined,
    work: (connection: ScriptConnection) => Promise<T>,
    open: Open = this.#open,
  ): Promise<T> {
    assertRunning(signal);
    const connection = await open(name, { timeoutMs: OPEN_MS, signal });
    const abort = () => connection.destroy();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await work(connection);
    } catch (error) {
      throw signal?.aborted ? stepAborted(error) : error;
    } finally {
      signal?.removeEventListener('abort', abort);
      await connection.close();
    }
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made !== undefined) syncFolder(dirname(made));
}

/** The database first: without it the rest means nothing, the other way round it would lose commits. */
function removeFile(folder: string, name: string): void {
  const path = databasePath(folder, name);
  for (const file of [path, ...companionSuffixes.map((suffix) => path + suffix)])
    rmSync(file, { force: true });
  noteRemoval();
  if (existsSync(folder)) syncFolder(folder);
}

function assertRunning(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw stepAborted();
}

function stepAborted(cause?: unknown): SqliteEngineError {
  return new SqliteEngineError('cancelled', 'The step was aborted.', { cause });
}
