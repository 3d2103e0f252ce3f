import type { NativeStatement } from '../driver-handle.js';
import type { StatementRule } from '../statement-rules.js';
import { assertWhole } from '../values.js';
import type { ColumnDefinition, RunResult, SqliteDatabase, SqliteStatement } from './driver-types.js';
import type { DatabaseHome } from './home.js';
import type { LentHandle } from './lent-handle.js';
import { type GivenValues, readValues, valuesFor } from './parameters.js';

/** How each prepared statement was last told to give its rows. */
const told = new WeakMap<NativeStatement, string>();

/** How rows are given. */
type Mode = 'object' | 'pluck' | 'expand' | 'raw';

/**
 * A statement that is prepared on whichever handle it runs, at its first run there. What it was told (`raw`,
 * `bind`, ...) goes with it.
 */
export class Statement implements SqliteStatement {
  readonly database: SqliteDatabase;
  readonly source: string;
  readonly #home: DatabaseHome;
  #mode: Mode = 'object';
  #safeIntegers = false;
  #bound: GivenValues | undefined;
  #reader: boolean | undefined;

  constructor(home: DatabaseHome, database: SqliteDatabase, source: string) {
    this.#home = home;
    this.database = database;
    this.source = source;
  }

  /** Whether it gives rows. The first time it is asked, that takes a handle. */
  get reader(): boolean {
    this.#reader ??= this.#use((statement) => statement.reader);
    return this.#reader;
  }

  get readonly(): boolean {
    return this.#use((statement) => statement.readonly ?? false);
  }

  /** Always false: an iteration has a statement of its own. */
  get busy(): boolean {
    return false;
  }

  run(...params: unknown[]): RunResult {
    const given = this.#given(params);
    return this.#use((statement, rule, handle) => {
      // libsql's says more.
      const { changes, lastInsertRowid } = statement.run(...valuesOn(statement, rule, given)) as RunResult;
      const rowid = handle.exactRowid(lastInsertRowid);
      return { changes, lastInsertRowid: this.#safeIntegers ? BigInt(rowid) : rowid };
    });
  }

  get(...params: unknown[]): unknown {
    const given = this.#given(params);
    return this.#use((statement, rule) => {
      const values = valuesOn(statement, rule, given);
      if (!isLibsql(statement)) return statement.get(...values);
      // libsql's own goes on with the values that `all` or an iteration of the same statement was given before.
      return withBuffers(statement.all(...values)[0]);
    });
  }

  all(...params: unknown[]): unknown[] {
    const given = this.#given(params);
    return this.#use((statement, rule) => {
      const rows = statement.all(...valuesOn(statement, rule, given));
      return isLibsql(statement) ? rows.map(withBuffers) : rows;
    });
  }

  /** Its handle is nobody else's until the last row was given, or the iteration ended otherwise. */
  iterate(...params: unknown[]): IterableIterator<unknown> {
    const given = this.#given(params);
    const held = this.#home.hold(this.source);
    let rows: Iterator<unknown>;
    try {
      rows = held.handle.iterate(this.source, (statement, rule) => {
        this.#tell(statement);
        const iterator = statement.iterate(...valuesOn(statement, rule, given));
        return mapped(iterator, (row) => this.#shown(statement, row));
      });
    } catch (error) {
      held.release();
      throw error;
    }
    return endingWith(rows, () => held.release());
  }

  pluck(toggleState = true): this {
    return this.#turn('pluck', toggleState);
  }

  expand(toggleState = true): this {
    return this.#turn('expand', toggleState);
  }

  raw(toggleState = true): this {
    return this.#turn('raw', toggleState);
  }

  safeIntegers(toggleState = true): this {
    this.#safeIntegers = Boolean(toggleState);
    return this;
  }

  bind(...params: unknown[]): this {
    if (this.#bound !== undefined) {
      throw new TypeError('The bind() method can only be invoked once per statement object');
    }
    this.#bound = readValues(params);
    return this;
  }

  columns(): ColumnDefinition[] {
    return this.#use((statement) => statement.columns() as ColumnDefinition[]);
  }

  #turn(mode: Mode, isOn: boolean): this {
    if (isOn) this.#mode = mode;
    else if (this.#mode === mode) this.#mode = 'object';
    return this;
  }

  #given(params: readonly unknown[]): GivenValues {
    if (this.#bound === undefined) return readValues(params);
    if (params.length === 0) return this.#bound;
    throw new TypeError('This statement already has bound parameters');
  }

  #use<T>(work: (statement: NativeStatement, rule: StatementRule, handle: LentHandle) => T): T {
    return this.#home.use(this.source, (handle) =>
      handle.use(this.source, (statement, rule) => {
        this.#reader ??= statement.reader;
        this.#tell(statement);
        return work(statement, rule, handle);
      }),
    );
  }

  /** A prepared statement is shared by all that have its text: each says first how it wants its rows. */
  #tell(statement: NativeStatement): void {
    const wish = `${this.#mode}${this.#safeIntegers}`;
    if (!statement.reader || told.get(statement) === wish) return;
    statement.safeIntegers(this.#safeIntegers);
    statement.raw(this.#mode === 'raw');
    statement.pluck(this.#mode === 'pluck');
    statement.expand?.(this.#mode === 'expand');
    told.set(statement, wish);
  }

  /** A row of an iteration as better-sqlite3 would give it: libsql plucks only in `all`. */
  #shown(statement: NativeStatement, row: unknown): unknown {
    if (!isLibsql(statement)) return row;
    const given = withBuffers(row);
    return this.#mode === 'pluck' ? Object.values(given as object)[0] : given;
  }
}

function isLibsql(statement: NativeStatement): boolean {
  return statement.expand === undefined;
}

/** A row, or what was plucked of one, whose bytes are Buffers: some of libsql's are ArrayBuffers. */
function withBuffers(row: unknown): unknown {
  if (row instanceof ArrayBuffer) return Buffer.from(row);
  if (typeof row !== 'object' || row === null) return row;
  const cells = row as Record<string, unknown>;
  for (const column in cells) {
    const value = cells[column];
    if (value instanceof ArrayBuffer) cells[column] = Buffer.from(value);
  }
  return row;
}

/**
 * What a driver's statement is called with. libsql gets its values by their places only: for names it ends the process
 * over a `?` between them.
 */
function valuesOn(
  statement: NativeStatement,
  { parameters }: StatementRule,
  given: GivenValues,
): readonly unknown[] {
  const values = valuesFor(parameters, given);
  if (isLibsql(statement)) {
    values.forEach(assertWhole);
    return [values];
  }
  if (parameters.every((name) => name === undefined)) return [values];
  const named = parameters.flatMap((name, at) => (name === undefined ? [] : [[name.slice(1), values[at]]]));
  return [values.filter((_value, at) => parameters[at] === undefined), Object.fromEntries(named)];
}

function mapped(rows: Iterator<unknown>, map: (row: unknown) => unknown): Iterator<unknown> {
  return {
    next: () => {
      const result = rows.next();
      return result.done ? result : { done: false, value: map(result.value) };
    },
    ...(rows.return !== undefined && { return: () => rows.return?.() ?? { done: true, value: undefined } }),
  };
}

/** An iterator that calls `end` once, when it is over in whatever way. */
function endingWith(rows: Iterator<unknown>, end: () => void): IterableIterator<unknown> {
  let isOver = false;
  const over = () => {
    if (!isOver) end();
    isOver = true;
  };
  return {
    next: () => {
      if (isOver) return { done: true, value: undefined };
      try {
        const result = rows.next();
        if (result.done) over();
        return result;
      } catch (error) {
        over();
        throw error;
      }
    },
    return: (value?: unknown) => {
      if (!isOver) rows.return?.();
      over();
      return { done: true, value };
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}
