import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mariadbPool, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { createTenancy, type Tenancy, TenancyError } from '../../packages/tenantry/src/index.js';
import { engineUnderTest, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

const namespace = useNamespace(engineUnderTest('sqlite'));

/** What reached nobody's hands. */
const escaped: unknown[] = [];
const hear = (error: unknown) => void escaped.push(error);

beforeEach(() => {
  escaped.length = 0;
  process.on('uncaughtException', hear).on('unhandledRejection', hear);
});
afterEach(() => {
  process.off('uncaughtException', hear).off('unhandledRejection', hear);
});

async function open(): Promise<Tenancy> {
  const tenancy = await openTenancy(namespace());
  await tenancy.tenants.create({ name: 'acme' }).catch(() => {});
  return tenancy;
}

const cycle: Record<string, unknown> = {};
cycle.itself = cycle;

const refused = (call: () => unknown) =>
  Promise.resolve()
    .then(call)
    .then(
      () => 'taken',
      (error: unknown) => (error instanceof TenancyError && error.hint !== '' ? error.code : error),
    );

it('no client is had at once in a run that was aborted', async () => {
  const tenancy = await open();
  const controller = new AbortController();
  const work = async () => {
    await tenancy.session().ready();
    controller.abort();
    return tenancy.clients().take();
  };
  const run = tenancy.run('acme', work, { signal: controller.signal });
  await expect(run).rejects.toMatchObject({ code: 'TENANTRY_ABORTED' });
});

describe('what is wrong', () => {
  it('is refused at the door, with a code and what to do', async () => {
    const tenancy = await open();
    const session = tenancy.session('acme');
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types passes
    const any = (value?: unknown) => value as any;
    const calls: Record<string, () => unknown> = {
      'the controller for its signal': () =>
        session.query('SELECT 1', [], { signal: any(new AbortController()) }),
      'a time that is none': () => session.query('SELECT 1', [], { timeoutMs: Number.NaN }),
      'a time for ever': () => session.execute('SELECT 1', [], { timeoutMs: Number.POSITIVE_INFINITY }),
      'a negative time': () => session.ready({ timeoutMs: -1 }),
      'a key that nobody reads, for a client at once': () =>
        tenancy.clients('acme').take(any({ queryMS: 5 })),
      'no time for a client at once': () => tenancy.clients('acme').take({ queryMs: Number.NaN }),
      'a number for a row key': () => tenancy.tenants.create({ name: 'b', rowKey: any(42) }),
      'a number to go on after': () => tenancy.tenants.list({ after: any(5) }),
      'a signal for options': () => session.query('SELECT 1', [], any(AbortSignal.abort())),
      'a signal for the options of a run': () => tenancy.run('acme', () => 1, any(AbortSignal.abort())),
      'a pool of no tenancy': () => pgPool(any()),
      'a pool of one that nobody awaited': () => mysqlPool(any(Promise.resolve(tenancy))),
      'a pool of something else': () => mariadbPool(any({})),
      'a text for a time': () => tenancy.clients('acme').acquire({ timeoutMs: any('5') }),
      'an unknown option': () => session.query('SELECT 1', [], any({ timeout: 5 })),
      'options for parameters': () => session.query('SELECT 1', any({ timeoutMs: 5 })),
      'no statement': () => session.query(any()),
      'no statement in a transaction': () => session.transaction((tx) => tx.query(any())),
      'no function for a transaction': () => session.transaction(any()),
      'a level that is none': () => session.transaction(async () => 1, { isolationLevel: any('snapshot') }),
      'an unknown option of a transaction': () => session.transaction(async () => 1, any({ readonly: true })),
      'no function for central': () => tenancy.central.transaction(any()),
      'no statement for central': () => tenancy.central.query(any(5)),
      'no function to run': () => tenancy.run('acme', any()),
      'an unknown option of run': () => tenancy.run('acme', () => 1, any({ swich: true })),
      'a controller for run': () => tenancy.run('acme', () => 1, { signal: any(new AbortController()) }),
      'no function to bind': () => tenancy.run('acme', () => tenancy.bind(any())),
      'no listener': () => tenancy.on('connection.opened', any()),
      'nothing to create': () => tenancy.tenants.create(any()),
      'an unknown key of create': () => tenancy.tenants.create(any({ name: 'b', sever: 'main' })),
      'a controller for create': () =>
        tenancy.tenants.create({ name: 'b', signal: any(new AbortController()) }),
      'metadata with a BigInt': () => tenancy.tenants.create({ name: 'b', metadata: { n: 1n } }),
      'metadata with a cycle': () => tenancy.tenants.create({ name: 'b', metadata: cycle }),
      'metadata that is a text': () =>
        tenancy.tenants.create({ name: 'b', metadata: any({ toJSON: () => 'x' }) }),
      'metadata that throws': () =>
        tenancy.tenants.create({ name: 'b', metadata: { toJSON: () => JSON.parse('{') } }),
      'nothing to adopt': () => tenancy.tenants.adopt(any()),
      'null for a list': () => tenancy.tenants.list(any(null)),
      'an unknown key of list': () => tenancy.tenants.list(any({ state: 'active' })),
      'no list to warm up': () => tenancy.warmUp(any('acme')),
      'an unknown option of warmUp': () => tenancy.warmUp(['acme'], any({ timeout: 1 })),
      'an unknown option of close': () => tenancy.close(any({ timeout: 1 })),
      'null for provision': () => createTenancy({ catalog: 'sqlite:./x', provision: any(null) }),
      'no options': () => createTenancy(any()),
    };
    const answers: Record<string, unknown> = {};
    for (const [what, call] of Object.entries(calls)) answers[what] = await refused(call);
    const wrong = Object.entries(answers).filter(
      ([, answer]) => !/^TENANTRY_INVALID_(OPTION|INPUT|PARAMETER)$/.test(String(answer)),
    );
    expect(wrong).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(escaped).toEqual([]);
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('whatever it is, is an error of ours and nobody else’s', async () => {
    const tenancy = await open();
    const garbage = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true }),
      fc.constant(() => 1),
    );
    const doors: ((...args: never[]) => unknown)[] = [
      tenancy.session('acme').query,
      tenancy.session('acme').execute,
      tenancy.session('acme').transaction,
      tenancy.session('acme').ready,
      tenancy.clients('acme').acquire,
      tenancy.central.query,
    ].map((method, index) => (...args: never[]) => {
      const owners = [
        tenancy.session('acme'),
        tenancy.session('acme'),
        tenancy.session('acme'),
        tenancy.session('acme'),
        tenancy.clients('acme'),
        tenancy.central,
      ];
      return Reflect.apply(method, owners[index], args);
    });
    doors.push(tenancy.session, tenancy.run, tenancy.bind, tenancy.clients, tenancy.on, tenancy.warmUp);
    doors.push(...Object.values(tenancy.tenants));
    await fc.assert(
      fc.asyncProperty(fc.nat(doors.length - 1), fc.array(garbage, { maxLength: 3 }), async (index, args) => {
        try {
          const given = await Reflect.apply(doors[index] as () => unknown, tenancy, args);
          if (typeof (given as { release?: unknown })?.release === 'function')
            (given as { release(): void }).release();
        } catch (error) {
          expect(error).toBeInstanceOf(TenancyError);
        }
      }),
      { numRuns: 400 },
    );
    expect(escaped).toEqual([]);
  });
});
