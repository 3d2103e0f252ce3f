/**
 * better-sqlite3's interface as its users know it, typed here so that neither the package nor its typings are
 * needed to import the engine. What is declared here can be given wherever the package's own types are asked for.
 */

/** What a statement that writes did. */
export interface RunResult {
  changes: number;
  lastInsertRowid: number | bigint;
}

/** A column of a statement's rows. */
export interface ColumnDefinition {
  name: string;
  column: string | null;
  table: string | null;
  database: string | null;
  type: string | null;
}

/** A prepared statement: better-sqlite3's `Statement`. */
export interface SqliteStatement<BindParameters extends unknown[] = unknown[], Result = unknown> {
  database: SqliteDatabase;
  source: string;
  reader: boolean;
  readonly: boolean;
  busy: boolean;
  run(...params: BindParameters): RunResult;
  get(...params: BindParameters): Result | undefined;
  all(...params: BindParameters): Result[];
  iterate(...params: BindParameters): IterableIterator<Result>;
  pluck(toggleState?: boolean): this;
  expand(toggleState?: boolean): this;
  raw(toggleState?: boolean): this;
  bind(...params: BindParameters): this;
  columns(): ColumnDefinition[];
  safeIntegers(toggleState?: boolean): this;
}

/** A function that runs in a transaction: better-sqlite3's `Transaction`. */
export interface SqliteTransaction<F extends AnyFunction> {
  (...params: Arguments<F>): ReturnType<F>;
  default(...params: Arguments<F>): ReturnType<F>;
  deferred(...params: Arguments<F>): ReturnType<F>;
  immediate(...params: Arguments<F>): ReturnType<F>;
  exclusive(...params: Arguments<F>): ReturnType<F>;
}

/** What a function takes; written as better-sqlite3's typings write it, so that the two can be compared. */
export type Arguments<F extends AnyFunction> = F extends (...args: infer A) => unknown ? A : never;

/** A function of whatever parameters. */
export type AnyFunction = (...params: never[]) => unknown;

/**
 * An open database: better-sqlite3's `Database`, and given wherever that is asked for. It is not the other way
 * round, for what is refused here returns `never`: it throws `InvalidInputError` (`TENANTRY_INVALID_INPUT`).
 */
export interface SqliteDatabase {
  memory: boolean;
  readonly: boolean;
  name: string;
  open: boolean;
  inTransaction: boolean;
  prepare<BindParameters extends unknown[] | object = unknown[], Result = unknown>(
    source: string,
  ): BindParameters extends unknown[]
    ? SqliteStatement<BindParameters, Result>
    : SqliteStatement<[BindParameters], Result>;
  transaction<F extends AnyFunction>(fn: F): SqliteTransaction<F>;
  exec(source: string): this;
  pragma(source: string, options?: { simple?: boolean | undefined }): unknown;
  close(): this;
  /** Refused: it would hold for one handle of one tenant. */
  function(name: string, ...rest: unknown[]): never;
  /** Refused: it would hold for one handle of one tenant. */
  aggregate(name: string, options: unknown): never;
  /** Refused: it would hold for one handle of one tenant. */
  table(name: string, options: unknown): never;
  /** Refused: an extension reaches every file that this process can open. */
  loadExtension(path: string): never;
  /** Refused: it writes a file that no rule guards. Throws at once, and returns no promise. */
  backup(destinationFile: string, options?: unknown): never;
  /** Refused: it copies a tenant's whole database into memory. */
  serialize(options?: unknown): never;
  /** Refused: call `safeIntegers()` on the statement. */
  defaultSafeIntegers(toggleState?: boolean): never;
  /** Refused: it would hold for one handle of one tenant. */
  unsafeMode(unsafe?: boolean): never;
}
