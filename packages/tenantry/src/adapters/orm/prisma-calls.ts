import type { Tenancy } from '../../tenancy.js';
import { Origin } from './origin.js';

/** What a Prisma client's queries are made by, and run by, beyond its types. */
export interface PrismaCalls {
  _createPrismaPromise(run: RunQuery, spec?: unknown): object;
  _createItxClient(transaction: unknown, scope: unknown, state: object): object;
  _request(request: PrismaRequest): unknown;
  readonly _runtimeDataModel?: { readonly models: object };
  $extends(extension: object): Readonly<Record<string, unknown>>;
  $queryRawUnsafe(sql: string): object;
}

type RunQuery = (transaction?: PrismaTransactionPart) => unknown;

/** Told to a query that is part of a transaction: `batch` for one of a list. */
interface PrismaTransactionPart {
  readonly kind: string;
}

interface PrismaRequest {
  readonly transaction?: PrismaTransactionPart;
}

/** Under which Prisma tells a transaction's client in which transaction it is. */
const SCOPE = Symbol.for('prisma.client.transaction.scope_context');

/**
 * Binds each query of a Prisma client to the context in which it is made.
 *
 * A PrismaPromise sends nothing before it is awaited, and would go to the tenant of whoever awaits it then. So the
 * one method that makes them notes the context, for the extended clients too, which inherit it; and a list
 * of queries in `$transaction` must have been made for the tenant whose transaction it is. Queries of an interactive
 * transaction are bound to its connection; one that gets into a list leaves it, and so is held to that tenant.
 *
 * @returns undefined, or in what the client is not as Prisma 7's are
 */
export function bindCalls(tenancy: Tenancy, original: PrismaCalls): string | undefined {
  const { _createPrismaPromise: make, _createItxClient: begin, _request: request } = original;
  if ([make, begin, request, original.$extends].some((method) => typeof method !== 'function'))
    return 'its queries are not made where Prisma 7 makes them';
  const begunIn = new WeakMap<object, Origin>();
  let made = 0;
  original._createPrismaPromise = (run, spec) => {
    made++;
    const origin = new Origin(tenancy, 'A query');
    const inOrigin = origin.bind(run);
    const part: RunQuery = (transaction) => {
      if (transaction?.kind === 'batch') origin.assertHere();
      return inOrigin(transaction);
    };
    return make(part, spec);
  };
  original._createItxClient = function (this: object, transaction, scope, state) {
    // A transaction inside another one has the outer one's state.
    if (!begunIn.has(state)) begunIn.set(state, new Origin(tenancy, 'A query of a transaction'));
    return begin.call(this as PrismaCalls, transaction, scope, state);
  };
  original._request = function (this: object, asked) {
    if (asked.transaction?.kind === 'batch') originOf(this, begunIn)?.assertHere();
    return request.call(this as PrismaCalls, asked);
  };
  return tryCalls(original, begunIn, () => made);
}

function originOf(client: object, begunIn: WeakMap<object, Origin>): Origin | undefined {
  const state: unknown = Reflect.get(Object(Reflect.get(client, SCOPE)), 'scopeState');
  return typeof state === 'object' && state !== null ? begunIn.get(state) : undefined;
}

/** Makes queries that nobody awaits, and a transaction's client that begins nothing: both must come by here. */
function tryCalls(original: PrismaCalls, begunIn: WeakMap<object, Origin>, made: () => number) {
  const models = Object.keys(original._runtimeDataModel?.models ?? {});
  const extended = original.$extends({});
  original.$queryRawUnsafe('SELECT 1');
  let expected = 1;
  for (const model of models) {
    const delegate = extended[model[0]?.toLowerCase() + model.slice(1)];
    (delegate as { findMany(): object }).findMany();
    expected++;
  }
  if (made() !== expected) return 'its queries are not made where Prisma 7 makes them';
  const transaction = original._createItxClient({ id: 'probe' }, 'probe', { stack: [] });
  if (originOf(transaction, begunIn) === undefined)
    return 'its transactions are not begun where Prisma 7 begins them';
  return undefined;
}
