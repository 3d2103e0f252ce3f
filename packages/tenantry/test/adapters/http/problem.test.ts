import { describe, expect, it } from 'vitest';
import {
  CatalogUnavailableError,
  DatabaseMissingError,
  IdentityMismatchError,
  PoolTimeoutError,
  problem,
  TenantSuspendedError,
  UnknownTenantError,
} from '../../../src/index.js';

describe('a problem', () => {
  it('is that of the error behind what an ORM made of it', () => {
    const cause = new UnknownTenantError('There is no tenant "x".');
    const wrapped = Object.assign(new Error('Failed query: select secret from users', { cause }), {
      query: 'select',
    });
    const { status, headers, body, details } = problem(wrapped, { instance: '/x/users' });
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(details).toEqual({
      type: 'about:blank',
      title: 'Unknown tenant',
      status: 404,
      detail: 'There is no tenant "x".',
      instance: '/x/users',
      code: 'TENANTRY_UNKNOWN_TENANT',
    });
    expect(JSON.parse(body)).toEqual(details);
  });

  it('asks to try again where that may help, and only there', () => {
    const retryAfter = (error: Error) => problem(error).headers['retry-after'];
    expect(retryAfter(new PoolTimeoutError('None was free.'))).toBe('1');
    expect(retryAfter(new IdentityMismatchError('It is another one’s.'))).toBe(undefined);
    expect(retryAfter(new DatabaseMissingError('It is not there.'))).toBe(undefined);
    expect(retryAfter(new CatalogUnavailableError('It is down.'))).toBe('1');
    expect(retryAfter(new CatalogUnavailableError('Wrong password.', { kind: 'access-denied' }))).toBe(
      undefined,
    );
  });

  it.each([{ instanse: '/x' }, { instance: 1 }, null])(
    'does not lose its error where it is asked with %o',
    (options) => {
      const error = new UnknownTenantError('There is no tenant "x".');
      try {
        problem(error, options as never);
        expect.unreachable();
      } catch (refusal) {
        expect(refusal).toMatchObject({ code: 'TENANTRY_INVALID_OPTION', cause: error });
      }
    },
  );

  it('tells nothing that is not a client’s business', () => {
    const { details } = problem(new Error('connect ECONNREFUSED 10.0.0.3'));
    expect(details).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      code: 'TENANTRY_INTERNAL',
    });
    expect(problem(new AggregateError([new TenantSuspendedError('Tenant x is suspended.')])).status).toBe(
      403,
    );
  });
});
