import type { Executor, TenancyError } from '../../packages/tenantry/src/index.js';
import { TcpProxy } from '../../packages/tenantry/src/testing/tcp-proxy.js';
import { type EngineUnderTest, onEngine } from '../helpers/engines.js';

/** The table of these tests' tenants: no key, so that a statement which ran twice shows. */
export const NOTES = 'CREATE TABLE notes (text VARCHAR(2000) NOT NULL);';

/** An engine whose databases live on a server that can be out of reach. */
export type ServerEngine = 'mysql' | 'postgres';

/** Defines a suite for each engine that has a server. */
export function forEachServerEngine(define: (engine: EngineUnderTest, name: ServerEngine) => void): void {
  for (const name of ['mysql', 'postgres'] as const) onEngine(name, (engine) => define(engine, name));
}

/** A proxy in front of the server of a `mysql:` or `postgres:` URL with a host and a port. */
export function openProxy(tcpUrl: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(tcpUrl);
  return TcpProxy.open({ host: hostname, port: Number(port) });
}

/** The same server through a proxy. */
export function through(proxy: TcpProxy, tcpUrl: string): string {
  const url = new URL(tcpUrl);
  url.hostname = proxy.host;
  url.port = String(proxy.port);
  return url.href;
}

/** Connections that tenants get out of a budget: MySQL keeps one to cancel with. */
export function capacityOf(engine: ServerEngine, maxConnections: number): number {
  return engine === 'mysql' ? maxConnections - 1 : maxConnections;
}

/** A statement that takes this long, unless it is cancelled. */
export function slow(engine: ServerEngine, seconds: number): string {
  return engine === 'mysql' ? `SELECT SLEEP(${seconds})` : `SELECT pg_sleep(${seconds})`;
}

export async function write(executor: Executor, text: string): Promise<void> {
  await executor.execute(`INSERT INTO notes (text) VALUES ('${text}')`);
}

export async function read(executor: Executor): Promise<readonly string[]> {
  return (await executor.query<{ text: string }>('SELECT text FROM notes')).map(({ text }) => text);
}

/** What came of a call, in a word: `ok` or the code of its error. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as TenancyError).code ?? String(error);
  }
}

/** Numbers that look random and are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}
