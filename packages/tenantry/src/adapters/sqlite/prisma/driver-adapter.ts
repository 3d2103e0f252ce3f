/**
 * Prisma 7's driver adapters as far as SQLite needs them, typed here so that `@prisma/driver-adapter-utils` is not
 * needed to import the engine. What is declared here can be given wherever that package's own types are asked for.
 */

/** A kind of column, by the numbers that Prisma has for them. */
export const ColumnType = {
  int32: 0,
  int64: 1,
  float: 2,
  double: 3,
  numeric: 4,
  boolean: 5,
  text: 7,
  date: 8,
  time: 9,
  dateTime: 10,
  json: 11,
  bytes: 13,
  unknownNumber: 128,
} as const;

/** One of {@link ColumnType}. */
export type ColumnType = (typeof ColumnType)[keyof typeof ColumnType];

/** A statement of Prisma's. */
export interface PrismaQuery {
  readonly sql: string;
  readonly args: readonly unknown[];
  /** What each of `args` is. */
  readonly argTypes: readonly { readonly scalarType: string }[];
}

/** Rows as Prisma wants them. */
export interface PrismaRows {
  columnNames: string[];
  columnTypes: ColumnType[];
  rows: unknown[][];
}

/** What runs statements. */
export interface PrismaQueryable {
  readonly provider: 'sqlite';
  readonly adapterName: string;
  queryRaw(query: PrismaQuery): Promise<PrismaRows>;
  /** How many rows it wrote. */
  executeRaw(query: PrismaQuery): Promise<number>;
}

/** A transaction; after its end every use throws. */
export interface PrismaTransaction extends PrismaQueryable {
  /** That `commit` and `rollback` do it themselves, with no statement of Prisma's before. */
  readonly options: { usePhantomQuery: boolean };
  commit(): Promise<void>;
  rollback(): Promise<void>;
  createSavepoint(name: string): Promise<void>;
  rollbackToSavepoint(name: string): Promise<void>;
  releaseSavepoint(name: string): Promise<void>;
}

/** What a client asks. */
export interface PrismaAdapter extends PrismaQueryable {
  executeScript(script: string): Promise<void>;
  startTransaction(isolationLevel?: string): Promise<PrismaTransaction>;
  dispose(): Promise<void>;
}

/** What a `PrismaClient` takes as its `adapter`. */
export interface PrismaAdapterFactory {
  readonly provider: 'sqlite';
  readonly adapterName: string;
  connect(): Promise<PrismaAdapter>;
}
