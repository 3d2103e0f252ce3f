import type { Row } from '../../engine/connection.js';

/**
 * What this engine uses of a driver. Typed here, so that neither package nor its typings are needed
 * to import the engine.
 */

/** What a statement's placeholder is filled with. Anything else stays out: libsql ends the process over a boolean. */
export type BoundValue = string | number | bigint | null | Uint8Array;

/** A prepared statement. */
export interface DriverStatement {
  /** Whether it gives rows. */
  readonly reader: boolean;
  all(values: readonly BoundValue[]): Row[];
  run(values: readonly BoundValue[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  /** Whether integers arrive as bigint. */
  safeIntegers(on: boolean): unknown;
}

/** The same statement as its own users know it. */
export interface NativeStatement {
  readonly reader: boolean;
  /** libsql does not say. */
  readonly readonly?: boolean;
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
  iterate(...values: readonly unknown[]): Iterator<unknown>;
  columns(): unknown;
  raw(on: boolean): unknown;
  pluck(on: boolean): unknown;
  /** Missing from libsql. */
  expand?(on: boolean): unknown;
  safeIntegers(on: boolean): unknown;
}

/** An open database file. */
export interface DriverHandle {
  readonly inTransaction: boolean;
  prepare(sql: string): DriverStatement;
  /** Runs a statement and drops its rows. */
  exec(sql: string): unknown;
  close(): unknown;
}

/** The class that both packages export. */
export type DatabaseClass = new (
  file: string,
  options: { readonly timeout: number; readonly fileMustExist: boolean },
) => DriverHandle;
