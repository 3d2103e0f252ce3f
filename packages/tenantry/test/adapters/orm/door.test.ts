import { describe, expect, it } from 'vitest';
import {
  ambientDrizzle,
  ambientKnex,
  ambientPrisma,
  ambientTypeorm,
  prismaPerTenant,
} from '../../../src/adapters/orm/index.js';
import { problem, redactValue, type Tenancy, TenancyError } from '../../../src/index.js';

/** What a call throws, or rejects with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

/** Clients whose end is counted. */
function counted() {
  const ended: unknown[] = [];
  const clients = prismaPerTenant((tenant: string | { name?: string; id?: string }) => ({
    tenant,
    $disconnect: async () => void ended.push(tenant),
  }));
  return { clients, ended };
}

describe('a Prisma client for each tenant', () => {
  it('is closed when the work with it has ended, and close waits for that', async () => {
    const { clients, ended } = counted();
    let done = () => {};
    const work = new Promise<void>((resolve) => {
      done = resolve;
    });
    const running = clients.run('acme', () => work);
    await clients.run('idle', () => {});
    const order: string[] = [];
    const closing = [clients.close(), clients.close()].map((each) => each.then(() => order.push('closed')));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('work');
    done();
    await Promise.all([running, ...closing]);
    expect(order).toEqual(['work', 'closed', 'closed']);
    expect(ended).toEqual(['idle', 'acme']);
  });

  it('is one however the tenant is named in the same way', async () => {
    const { clients } = counted();
    const made = await Promise.all(
      [1, 2, 3].map(() => clients.run({ name: 'acme', id: 'x' }, (client) => client)),
    );
    expect(new Set(made).size).toBe(1);
    expect(await failureOf(() => clients.run({} as string, () => {}))).toMatchObject({
      code: 'TENANTRY_NO_TENANT',
    });
  });

  it('is no promise of one, which is closed when it comes', async () => {
    const ended = new Promise<void>((resolve) => {
      const late = Promise.resolve({ $disconnect: async () => resolve() });
      const clients = prismaPerTenant((() => late) as never);
      void failureOf(() => clients.run('acme', () => {})).then((failure) =>
        expect(failure).toMatchObject({ code: 'TENANTRY_INVALID_OPTION' }),
      );
    });
    await ended;
    const clients = prismaPerTenant((() => Promise.reject(new Error('late'))) as never);
    expect(await failureOf(() => clients.run('acme', () => {}))).toMatchObject({
      code: 'TENANTRY_INVALID_OPTION',
    });
  });
});

describe('what ties an ORM to tenants', () => {
  const tenancy = { session() {}, clients() {}, run() {}, current() {} } as unknown as Tenancy;

  it.each<[string, (tenancy: Tenancy, given: never) => unknown]>([
    ['ambientDrizzle', ambientDrizzle],
    ['ambientKnex', ambientKnex],
    ['ambientPrisma', ambientPrisma],
    ['ambientTypeorm', ambientTypeorm],
  ])('says what it was given that is none: %s', async (_name, tie) => {
    for (const given of [null, undefined, 1, {}, () => null, () => undefined]) {
      expect(await failureOf(() => tie(tenancy, given as never))).toBeInstanceOf(TenancyError);
      expect(await failureOf(() => tie(null as never, given as never))).toBeInstanceOf(TenancyError);
    }
  });
});

describe('a Knex that looks elsewhere for its database', () => {
  it('is refused, and keeps what it was told before', () => {
    for (const connectionSettings of [{}, { database: 'mine' }]) {
      const before = Object.getOwnPropertyDescriptors(connectionSettings);
      const db = { client: { connectionSettings, database: () => 'elsewhere' } };
      const tenancy = { session() {}, clients() {}, run() {}, current() {} } as unknown as Tenancy;
      expect(() => ambientKnex(tenancy, db)).toThrow(
        expect.objectContaining({ code: 'TENANTRY_NOT_SUPPORTED' }),
      );
      expect(Object.getOwnPropertyDescriptors(connectionSettings)).toEqual(before);
    }
  });
});

it('a Knex over a tenancy whose clients are not ours is told so when it asks where it is', () => {
  const tenancy = { session() {}, clients() {}, run() {}, current() {} } as unknown as Tenancy;
  const connectionSettings: { readonly database?: string } = {};
  const make = () => ({});
  const client = {
    ...{ connectionSettings, database: () => connectionSettings.database },
    ...{ queryBuilder: make, schemaBuilder: make, raw: make, runner: make },
  };
  ambientKnex(tenancy, { client });
  expect(() => client.database()).toThrow(expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }));
});

describe('problem', () => {
  it('refuses options that are none', () => {
    for (const options of [null, 1, { path: '/' }, { instance: 1 }]) {
      expect(() => problem(new Error('x'), options as never)).toThrow(
        expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
      );
    }
  });
});

describe('a value that is told', () => {
  it('is cut where it is long', () => {
    expect(redactValue('x'.repeat(5_000_000))).toBe(`${'x'.repeat(200)}...`);
    expect(redactValue('x'.repeat(200))).toBe('x'.repeat(200));
  });
});
