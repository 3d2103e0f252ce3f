import type { BeginOptions, Parameter } from '../../../engine/connection.js';
import type { FileIdentity } from '../database-file.js';
import type { SqliteOptions } from '../options.js';
import type { StatementRule } from '../statement-rules.js';
import type { PackedError } from './packed-error.js';

/** What a worker can be asked to do, and with what. Everything is plain data, which a structured clone keeps. */
export interface WorkerCalls {
  open: [options: SqliteOptions, database: string, timeoutMs: number, create: boolean];
  query: [sql: string, params: readonly Parameter[]];
  runOfScript: [rule: StatementRule];
  begin: [options: BeginOptions];
  commit: [];
  rollback: [];
  currentDatabase: [];
  ping: [];
}

/** One call. Its answer carries the same number. */
export type WorkerRequest = {
  [Call in keyof WorkerCalls]: {
    readonly id: number;
    readonly call: Call;
    readonly args: WorkerCalls[Call];
  };
}[keyof WorkerCalls];

/** Asks the worker to close its handle and to end. Never answered. */
export const END = 'end';

/** What a worker says first, when it has loaded. */
export const READY = 'ready';

/** The answer to a call. */
export interface WorkerReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: PackedError;
  /** Of the connection, after the call. */
  readonly isClean: boolean;
  readonly isAlive: boolean;
  readonly isInTransaction: boolean;
}

/** The answer to `open`. */
export interface OpenedFile {
  readonly path: string;
  readonly file: FileIdentity;
}
