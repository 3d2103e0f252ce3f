import type { PoolConnection } from 'mariadb';

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * Has a connection of the `mariadb` driver tell of generated keys as the server does. The driver reads them as signed
 * numbers, so that one of `BIGINT UNSIGNED` beyond 2^63 would be negative.
 */
export function tellUnsignedKeys(connection: PoolConnection): void {
  const calls = connection as unknown as Record<string, Call>;
  const prepare = calls.prepare?.bind(connection);
  const own = ['query', 'execute', 'batch'].map((name) => [name, unsigned(calls[name]?.bind(connection))]);
  Object.assign(connection, Object.fromEntries(own), {
    prepare: async (...args: unknown[]) => {
      const statement = (await prepare?.(...args)) as Record<'execute', Call>;
      statement.execute = unsigned(statement.execute.bind(statement));
      return statement;
    },
  });
}

function unsigned(call: Call | undefined): Call {
  return async (...args) => withUnsignedKeys(await call?.(...args));
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
