import type { PoolConnection } from 'mariadb';
import { assertPreparable, assertSendable, valuesOf } from '../../engines/mysql/index.js';

type Call = (...args: unknown[]) => Promise<unknown>;
type Stream = (...args: unknown[]) => unknown;

/**
 * Gives a connection of the `mariadb` driver calls that tell of generated keys as the server does: the driver reads them
 * as signed numbers, so that one of `BIGINT UNSIGNED` beyond 2^63 would be negative. They refuse what the driver cannot
 * send, and those whose values the server binds refuse more of them than it can count. `byDefault` is what the connection
 * was made with.
 */
export function giveOwnCalls(connection: PoolConnection, byDefault: object | undefined): void {
  const { query, execute, batch, prepare } = connection as unknown as Record<string, Call>;
  const { queryStream } = connection as unknown as Record<'queryStream', Stream>;
  const areNamed = (options: unknown): boolean => {
    const says = typeof options === 'object' && options !== null && 'namedPlaceholders' in options;
    return Boolean(Reflect.get((says ? options : byDefault) ?? {}, 'namedPlaceholders'));
  };
  const own = {
    query: async (sql: unknown, values: unknown) => {
      assertSendable(valuesOf(sql, values), areNamed(sql));
      return withUnsignedKeys(await query?.call(connection, sql, values));
    },
    queryStream: (sql: unknown, values: unknown) => {
      assertSendable(valuesOf(sql, values), areNamed(sql));
      return queryStream.call(connection, sql, values);
    },
    execute: async (sql: unknown, values: unknown) => {
      assertPreparable(valuesOf(sql, values), areNamed(sql));
      return withUnsignedKeys(await execute?.call(connection, sql, values));
    },
    batch: async (sql: unknown, values: unknown) => {
      const named = areNamed(sql);
      const rows = valuesOf(sql, values);
      for (const row of Array.isArray(rows) ? rows : [rows]) assertPreparable(row, named);
      return withUnsignedKeys(await batch?.call(connection, sql, values));
    },
    prepare: async (...args: unknown[]) => {
      const statement = (await prepare?.apply(connection, args)) as Record<'execute', Call> &
        Record<'executeStream', Stream>;
      const { execute, executeStream } = statement;
      statement.execute = async (...given) => {
        assertPreparable(given[0], areNamed(given[1]));
        return withUnsignedKeys(await execute.apply(statement, given));
      };
      statement.executeStream = (...given) => {
        assertPreparable(given[0], areNamed(given[1]));
        return executeStream.apply(statement, given);
      };
      return statement;
    },
  };
  Object.assign(connection, own);
}

/** Of a result, or of several: only rows come with a description of their columns. */
function withUnsignedKeys<T>(result: T): T {
  if (!Array.isArray(result)) return asUnsigned(result);
  if (Reflect.get(result, 'meta') === undefined) for (const each of result) withUnsignedKeys(each);
  return result;
}

function asUnsigned<T>(result: T): T {
  if (!isOkPacket(result)) return result;
  const { insertId } = result;
  if (typeof insertId === 'bigint') result.insertId = BigInt.asUintN(64, insertId);
  else if (typeof insertId === 'string' || (insertId < 0 && Number.isSafeInteger(insertId)))
    result.insertId = String(BigInt.asUintN(64, BigInt(insertId)));
  // It has been rounded, as whoever asks for a number has it.
  else if (insertId < 0) result.insertId = insertId + 2 ** 64;
  return result;
}

interface OkPacket {
  insertId: bigint | number | string;
}

/** By its class, which the driver does not export: a row may have columns of any name. */
function isOkPacket(result: unknown): result is OkPacket {
  return typeof result === 'object' && result !== null && result.constructor?.name === 'OkPacket';
}
