import { describeAddress } from '../engine/address.js';
import type { EngineServer } from '../engine/engine.js';
import {
  AbortedError,
  ClosedError,
  PoolFullError,
  PoolTimeoutError,
  ServerUnavailableError,
} from '../errors.js';
import type { PoolStats } from './stats.js';

/** What an error about a pool tells of it. */
export interface PoolState {
  readonly name: string;
  readonly server: EngineServer;
  /** Connections that tenants may hold. */
  readonly capacity: number;
  /** Why they are fewer than the budget: the server takes no more now. */
  readonly refusal?: Error | undefined;
  readonly stats: PoolStats;
}

export function poolFull(state: PoolState, label: string, maxWaiting: number): PoolFullError {
  return new PoolFullError(`${numbers(state)}; no more than ${maxWaiting} may wait.`, {
    tenant: label,
    hint: 'Slow down, raise maxConnections or maxWaiting, or look for statements that hold connections long.',
  });
}

export function poolTimeout(state: PoolState, label: string, waitMs: number): PoolTimeoutError {
  const { refusal } = state;
  if (refusal !== undefined) {
    return new PoolTimeoutError(
      `No connection for ${label} within ${waitMs} ms. The server takes no more now: ${refusal.message} ${numbers(state)}.`,
      {
        tenant: label,
        cause: refusal,
        kind: 'too-many-connections',
        hint: 'Lower maxConnections of the processes that use it, or raise the limit of the server or of its user.',
      },
    );
  }
  return new PoolTimeoutError(`No connection for ${label} within ${waitMs} ms. ${numbers(state)}.`, {
    tenant: label,
    hint: 'Look for transactions that stay open, or that ask for a second connection; else raise maxConnections or the timeout.',
  });
}

export function serverOutOfReach(
  state: PoolState,
  label: string,
  cause: Error | undefined,
): ServerUnavailableError {
  return new ServerUnavailableError(
    `Server ${state.name} (${describeAddress(state.server.address)}) did not answer lately: ${cause?.message ?? 'no reason given'}`,
    {
      tenant: label,
      cause,
      kind: 'unreachable',
      hint: 'It is tried again by itself, at the latest every few seconds. Check that it runs and that this machine reaches it.',
    },
  );
}

export function poolClosed(name: string): ClosedError {
  return new ClosedError(`The connections to server ${name} are closed.`, {
    hint: 'The tenancy was closed; make no calls after close().',
  });
}

export function waitAborted(label: string, { refusal }: Pick<PoolState, 'refusal'> = {}): AbortedError {
  const why = refusal === undefined ? {} : ({ cause: refusal, kind: 'too-many-connections' } as const);
  return new AbortedError(`The wait for a connection for ${label} was aborted.`, { tenant: label, ...why });
}

function numbers({ name, server, capacity, stats }: PoolState): string {
  const { inUse, idle, connecting, closing, waiting } = stats;
  return (
    `Server ${name} (${describeAddress(server.address)}) has ${capacity} connections to give: ` +
    `${inUse} in use, ${idle} idle, ${connecting} connecting, ${closing} closing; ${waiting} callers wait`
  );
}
