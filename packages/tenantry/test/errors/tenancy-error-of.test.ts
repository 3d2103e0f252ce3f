import { describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  errorCatalog,
  TenancyError,
  TenantSuspendedError,
  tenancyErrorOf,
  UnknownTenantError,
} from '../../src/index.js';

const unknown = new UnknownTenantError('There is no tenant "x".', { hint: 'Look.' });
const wrapped = (members: object) => Object.assign(new Error('wrapped'), members);

describe("the error of tenantry's behind another", () => {
  it.each([
    ['itself', unknown],
    ['its cause', new Error('outer', { cause: unknown })],
    ['the cause of its cause', new Error('outer', { cause: new Error('inner', { cause: unknown }) })],
    ["TypeORM's driverError", wrapped({ driverError: unknown })],
    ['originalError', wrapped({ originalError: unknown })],
    ["what Prisma's adapters keep", wrapped({ meta: { driverAdapterError: wrapped({ cause: unknown }) } })],
    ['one of several', new AggregateError([new Error('first'), new Error('second', { cause: unknown })])],
  ])('is found where it is %s', (_where, error) => {
    expect(tenancyErrorOf(error)).toBe(unknown);
  });

  it('is the outermost where there are several', () => {
    const outer = new TenantSuspendedError('suspended', { cause: unknown });
    expect(tenancyErrorOf(new Error('around', { cause: outer }))).toBe(outer);
  });

  it('is made anew of its code where nothing else was kept of it', () => {
    const prisma = Object.assign(
      new Error('\nInvalid `prisma.user.findMany()` invocation:\n\n\nThere is no tenant "x".'),
      {
        code: 'TENANTRY_UNKNOWN_TENANT',
      },
    );
    const found = tenancyErrorOf(new Error('outer', { cause: prisma }));
    expect(found).toBeInstanceOf(UnknownTenantError);
    expect(found).toMatchObject({ message: 'There is no tenant "x".', cause: prisma, status: 404 });
    const copy = Object.assign(new Error('suspended'), {
      code: 'TENANTRY_TENANT_SUSPENDED',
      hint: 'Resume it.',
      tenant: 'acme',
    });
    expect(tenancyErrorOf(copy)).toMatchObject({ hint: 'Resume it.', tenant: 'acme', status: 403 });
  });

  it.each(Object.keys(errorCatalog) as ErrorCode[])('has the class of its code: %s', (code) => {
    const found = tenancyErrorOf(Object.assign(new Error('x'), { code }));
    expect(found?.code).toBe(code);
    expect(found?.constructor).not.toBe(TenancyError);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'TENANTRY_UNKNOWN_TENANT'],
    ['a plain object with a code', { code: 'TENANTRY_UNKNOWN_TENANT', message: 'from a request' }],
    ['another code', wrapped({ code: 'ECONNREFUSED' })],
    ['a name of Object.prototype', wrapped({ code: 'constructor' })],
    ['an error without one', new Error('other')],
  ])('is not there in %s', (_what, error) => {
    expect(tenancyErrorOf(error)).toBeUndefined();
  });

  it('is looked for to an end, and at its peril', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(tenancyErrorOf(circle)).toBeUndefined();
    expect(
      tenancyErrorOf(new Error('around', { cause: Object.assign(circle, { driverError: unknown }) })),
    ).toBe(unknown);
    const hostile = Object.defineProperty(new Error('x'), 'cause', {
      get() {
        throw new Error('not to be looked at');
      },
    });
    expect(tenancyErrorOf(hostile)).toBeUndefined();
    let deep: Error = unknown;
    for (let depth = 0; depth < 100_000; depth++) deep = new Error('deeper', { cause: deep });
    expect(tenancyErrorOf(deep)).toBeUndefined();
  });
});
