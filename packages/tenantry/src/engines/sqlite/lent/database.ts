import type {
  AnyFunction,
  Arguments,
  SqliteDatabase,
  SqliteStatement,
  SqliteTransaction,
} from './driver-types.js';
import type { DatabaseHome } from './home.js';
import type { LentHandle } from './lent-handle.js';
import { refusedMethod } from './refusal.js';
import { Statement } from './statement.js';

const SAVEPOINT = '`tenantry_savepoint`';

/** better-sqlite3's `Database` over handles that come from elsewhere. */
export class Database implements SqliteDatabase {
  readonly #home: DatabaseHome;

  constructor(home: DatabaseHome) {
    this.#home = home;
  }

  get name(): string {
    return this.#home.name;
  }

  get open(): boolean {
    return this.#home.open;
  }

  get inTransaction(): boolean {
    return this.#home.inTransaction;
  }

  readonly memory = false;
  readonly readonly = false;

  prepare<BindParameters extends unknown[] | object = unknown[], Result = unknown>(source: string) {
    if (typeof source !== 'string') throw new TypeError('Expected first argument to be a string');
    const statement = new Statement(this.#home, this, source) as SqliteStatement<never[]>;
    return statement as unknown as BindParameters extends unknown[]
      ? SqliteStatement<BindParameters, Result>
      : SqliteStatement<[BindParameters], Result>;
  }

  exec(source: string): this {
    this.#run(source);
    return this;
  }

  pragma(source: string, { simple = false }: { simple?: boolean | undefined } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${source}`);
    return simple ? statement.pluck().get() : statement.all();
  }

  transaction<F extends AnyFunction>(fn: F): SqliteTransaction<F> {
    if (typeof fn !== 'function') throw new TypeError('Expected first argument to be a function');
    const database = this;
    const variant = (begin: string) =>
      function (this: unknown, ...params: Arguments<F>): ReturnType<F> {
        return database.#inTransaction(begin, () => fn.apply(this, params as never[]) as ReturnType<F>);
      };
    const variants = {
      default: variant('BEGIN'),
      deferred: variant('BEGIN DEFERRED'),
      immediate: variant('BEGIN IMMEDIATE'),
      exclusive: variant('BEGIN EXCLUSIVE'),
    };
    for (const each of Object.values(variants)) Object.assign(each, { ...variants, database });
    return variants.default as SqliteTransaction<F>;
  }

  close(): this {
    this.#home.close();
    return this;
  }

  function(): never {
    throw refusedMethod('function');
  }

  aggregate(): never {
    throw refusedMethod('aggregate');
  }

  table(): never {
    throw refusedMethod('table');
  }

  loadExtension(): never {
    throw refusedMethod('loadExtension');
  }

  backup(): never {
    throw refusedMethod('backup');
  }

  serialize(): never {
    throw refusedMethod('serialize');
  }

  defaultSafeIntegers(): never {
    throw refusedMethod('defaultSafeIntegers');
  }

  unsafeMode(): never {
    throw refusedMethod('unsafeMode');
  }

  #run(sql: string): void {
    this.#home.use(sql, (handle: LentHandle) => handle.exec(sql));
  }

  /** Runs `fn` in a transaction, or in a savepoint of the one that has begun. */
  #inTransaction<R>(begin: string, fn: () => R): R {
    const isNested = this.inTransaction;
    const beginning = isNested ? `SAVEPOINT ${SAVEPOINT}` : begin;
    this.#home.use(beginning, (handle) => handle.begin(beginning));
    let hasLeft = false;
    const end = (sql: string) => {
      const isEnd = !hasLeft;
      hasLeft = true;
      this.#home.use(sql, (handle) => (isEnd ? handle.end(sql) : handle.exec(sql)));
    };
    try {
      const result = fn();
      if (isThenable(result)) throw new TypeError('Transaction function cannot return a promise');
      end(isNested ? `RELEASE ${SAVEPOINT}` : 'COMMIT');
      return result;
    } catch (error) {
      // A COMMIT that told that there is no transaction has ended it.
      if (this.inTransaction) end(isNested ? `ROLLBACK TO ${SAVEPOINT}; RELEASE ${SAVEPOINT}` : 'ROLLBACK');
      throw error;
    }
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
