import { AsyncLocalStorage } from 'node:async_hooks';
import { isDeepStrictEqual } from 'node:util';
import { NotSupportedError } from '../../errors.js';
import type { ClientLease } from '../../session/clients.js';

/** Two that ask in one tick, in a context of the trial's own. */
const PROBES = ['tenantry-probe-a', 'tenantry-probe-b'] as const;

/** What is tried of a DataSource. */
export interface ProbedSource {
  query(sql: string, parameters: readonly unknown[]): Promise<unknown>;
  transaction(work: (manager: ProbedSource) => Promise<unknown>): Promise<unknown>;
}

/**
 * Whether a DataSource's transactions have a handle each, of the tenant that asked, and give it back: tried with
 * tenants that ask in one tick, and something in the database's place that writes down what it is asked. `use`
 * says where the DataSource's runners get their handles.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`)
 */
export async function assertKeepsApart(
  source: ProbedSource,
  use: (acquire: () => Promise<ClientLease>) => void,
): Promise<void> {
  const context = new AsyncLocalStorage<string>();
  const heard: string[][] = [];
  use(async () => {
    const said = [context.getStore() ?? 'nobody'];
    heard.push(said);
    return probe(said);
  });
  const ask = (tenant: string) =>
    source.transaction(async (outer) => {
      await outer.query('SELECT ?, ?', [tenant, true]);
      await outer.transaction((inner) => inner.query('UPDATE probe', []));
    });
  const asked = [...PROBES, ...PROBES];
  const answers = Promise.all(asked.map((name) => context.run(name, ask, name)));
  await answers.catch((error: unknown) => {
    throw unsafe('its query runners are not those of TypeORM 1', error);
  });
  const single = context.run(PROBES[0], () => source.query('SELECT ?', [1]));
  const answer = await single.catch((error: unknown) => {
    throw unsafe('its query runners are not those of TypeORM 1', error);
  });
  if (!isDeepStrictEqual(heard, [...asked.map(inTransaction), [PROBES[0], 'SELECT ? [1]', 'given back']])) {
    throw unsafe('transactions of two tenants in one tick did not have a connection each, or kept it');
  }
  if (!isDeepStrictEqual(answer, [{ probe: 1 }]))
    throw unsafe('a query was not answered from its connection');
}

/** The error of a DataSource that would mix tenants, or that cannot be judged. */
export function unsafe(why: string, cause?: unknown): NotSupportedError {
  return new NotSupportedError(`This DataSource cannot serve every tenant: ${why}.`, {
    hint: 'Use a version of TypeORM that docs/compatibility.md names.',
    cause,
  });
}

/** What the handle of one transaction must hear, from its tenant to its end. */
const inTransaction = (tenant: string) => [
  tenant,
  'BEGIN IMMEDIATE []',
  `SELECT ?, ? ["${tenant}",1]`,
  'SAVEPOINT typeorm_1 []',
  'UPDATE probe []',
  'RELEASE SAVEPOINT typeorm_1 []',
  'COMMIT []',
  'given back',
];

/** A handle that writes down what it is asked. */
function probe(said: string[]): ClientLease {
  const prepare = (sql: string) => {
    const answer = <T>(result: T) => {
      return (...values: unknown[]): T => {
        said.push(`${sql} ${JSON.stringify(values)}`);
        return result;
      };
    };
    const statement = {
      safeIntegers: () => statement,
      reader: sql.startsWith('SELECT'),
      all: answer([{ probe: 1 }]),
      run: answer({ changes: 1, lastInsertRowid: 1 }),
    };
    return statement;
  };
  const client = { inTransaction: false, prepare };
  const release = () => void said.push('given back');
  return { client, engine: 'sqlite', onLost: () => {}, release, destroy: release };
}
