import { types } from 'node:util';
import { ColumnType, type PrismaQuery } from './driver-adapter.js';
import { PrismaDriverError } from './errors.js';

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;

/** How dates are kept: as Prisma's own adapters write them now, or in milliseconds as Prisma did before version 7. */
export type TimestampFormat = 'iso8601' | 'unixepoch-ms';

/** What is known of a column. */
interface Column {
  readonly name: string;
  /** As it was declared; null for what is computed. */
  readonly type: string | null;
}

/** What columns are, by how they were declared. */
const BY_DECLARATION: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ...each(['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'INTEGER', 'SERIAL', 'INT2'], ColumnType.int32),
  ...each(['BIGINT', 'UNSIGNED BIG INT', 'INT8'], ColumnType.int64),
  ...each(['FLOAT'], ColumnType.float),
  ...each(['DOUBLE', 'DOUBLE PRECISION', 'NUMERIC', 'REAL'], ColumnType.double),
  ...each(['DECIMAL'], ColumnType.numeric),
  ...each(['BOOLEAN'], ColumnType.boolean),
  ...each(['TEXT', 'CLOB', 'CHARACTER', 'VARCHAR', 'VARYING CHARACTER', 'NCHAR'], ColumnType.text),
  ...each(['NATIVE CHARACTER', 'NVARCHAR'], ColumnType.text),
  ...each(['DATE'], ColumnType.date),
  ...each(['TIME'], ColumnType.time),
  ...each(['DATETIME', 'TIMESTAMP'], ColumnType.dateTime),
  ...each(['JSONB'], ColumnType.json),
  ...each(['BLOB'], ColumnType.bytes),
]);

function each(names: readonly string[], type: ColumnType): [string, ColumnType][] {
  return names.map((name) => [name, type]);
}

/**
 * Prisma's arguments as SQLite stores them. Whole numbers are bound as integers: the drivers would make `5.0` of them.
 *
 * @throws PrismaDriverError for a value that would not arrive whole: an integer beyond 64 bits, a text with NUL.
 */
export function bindArguments({ args, argTypes }: PrismaQuery, dates: TimestampFormat): unknown[] {
  return args.map((value, index) => bind(value, argTypes[index]?.scalarType, dates));
}

function bind(value: unknown, type: string | undefined, dates: TimestampFormat): unknown {
  if (types.isDate(value)) return dateOf(value, dates);
  switch (typeof value) {
    case 'boolean':
      return value ? 1n : 0n;
    case 'bigint':
      return integer(value);
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'string':
      return bindText(value, type, dates);
    default:
      return value;
  }
}

/** Prisma sends as text what JSON has no words for. */
function bindText(value: string, type: string | undefined, dates: TimestampFormat): unknown {
  switch (type) {
    case 'int':
    case 'bigint':
      return integer(BigInt(value));
    case 'float':
      return Number(value);
    case 'decimal':
      return /^-?\d{1,18}$/.test(value) ? BigInt(value) : Number(value);
    case 'datetime':
      return dateOf(new Date(value), dates);
    case 'bytes':
      return Buffer.from(value, 'base64');
    default:
      if (!value.includes('\0')) return value;
      // libsql would end it there.
      throw new PrismaDriverError({ kind: 'InvalidInputValue', message: 'a text with the character NUL' });
  }
}

function dateOf(date: Date, format: TimestampFormat): unknown {
  if (format === 'unixepoch-ms') return BigInt(date.getTime());
  return date.toISOString().replace('Z', '+00:00');
}

function integer(value: bigint): bigint {
  if (value >= MIN_INTEGER && value <= MAX_INTEGER) return value;
  throw new PrismaDriverError({ kind: 'ValueOutOfRange', cause: `${value} is beyond 64 bits` });
}

/** What columns are: as they were declared, else by the first value that is there. */
export function columnTypesOf(columns: readonly Column[], rows: readonly unknown[][]): ColumnType[] {
  return columns.map(({ type }, index) => {
    // `DECIMAL(10, 2)` is a DECIMAL.
    const declared = type?.split('(', 1)[0]?.trim().toUpperCase() ?? '';
    return BY_DECLARATION.get(declared) ?? inferType(rows, index);
  });
}

function inferType(rows: readonly unknown[][], index: number): ColumnType {
  const value = rows.find((row) => row[index] !== null)?.[index];
  switch (typeof value) {
    case 'string':
      return ColumnType.text;
    case 'bigint':
      return ColumnType.int64;
    case 'number':
      return ColumnType.unknownNumber;
    default:
      return value === undefined ? ColumnType.int32 : ColumnType.bytes;
  }
}

/**
 * Makes rows, read with integers as bigint, into Prisma's, in place. Integers that a number cannot hold become text, and
 * their column one of big integers, whatever it was declared.
 */
export function toPrismaRows(rows: unknown[][], types: ColumnType[]): unknown[][] {
  for (const row of rows) {
    for (const [index, value] of row.entries()) {
      if (typeof value !== 'bigint' && typeof value !== 'number') continue;
      const isExact = Number.isSafeInteger(Number(value));
      if (typeof value === 'bigint' && !isExact && types[index] === ColumnType.int32)
        types[index] = ColumnType.int64;
      row[index] = toPrismaNumber(value, types[index], isExact);
    }
  }
  return rows;
}

function toPrismaNumber(value: number | bigint, type: ColumnType | undefined, isExact: boolean): unknown {
  if (type === ColumnType.dateTime) return new Date(Number(value)).toISOString();
  if (typeof value === 'bigint') return isExact ? Number(value) : value.toString();
  return type === ColumnType.int32 || type === ColumnType.int64 ? Math.trunc(value) : value;
}
