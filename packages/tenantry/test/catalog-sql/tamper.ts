import type { EngineConnection } from '../../src/engine/connection.js';

type Call = 'begin' | 'query' | 'commit' | 'rollback';
const CALLS: ReadonlySet<string> = new Set<Call>(['begin', 'query', 'commit', 'rollback']);

/** Passes every call on to a connection, after asking `before`, and then tells `after`. */
export function intercept(
  connection: EngineConnection,
  hooks: { before?(call: Call): void; after?(call: Call): void },
): EngineConnection {
  return new Proxy(connection, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (!CALLS.has(String(key))) return call;
      return async (...args: unknown[]) => {
        hooks.before?.(key as Call);
        const result = await call(...args);
        hooks.after?.(key as Call);
        return result;
      };
    },
  });
}

/** Ends the connection before the call of this number, counted over all connections that it is used for. */
export function endBeforeCall(number: number): {
  tamper(connection: EngineConnection): EngineConnection;
  readonly calls: number;
} {
  let calls = 0;
  return {
    tamper: (connection) =>
      intercept(connection, {
        before() {
          if (++calls === number) connection.destroy();
        },
      }),
    get calls() {
      return calls;
    },
  };
}
