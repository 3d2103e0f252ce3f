import { type ErrorCode, errorCatalog, TenancyError } from 'tenantry';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../src/exit-codes.js';

describe('the exit code of an error', () => {
  it.each<[ErrorCode, number]>([
    ['TENANTRY_INTERNAL', 1],
    ['TENANTRY_INVALID_OPTION', 2],
    ['TENANTRY_UNKNOWN_TENANT', 3],
    ['TENANTRY_TENANT_EXISTS', 4],
    ['TENANTRY_INVALID_NAME', 5],
    ['TENANTRY_CATALOG_UNAVAILABLE', 6],
  ])('%s is %i', (code, exitCode) => {
    expect(exitCodeOf(new TenancyError(code, 'message'))).toBe(exitCode);
  });

  it('exists for every code', () => {
    for (const code of Object.keys(errorCatalog) as ErrorCode[]) {
      expect(exitCodeOf(new TenancyError(code, 'message'))).toBeGreaterThan(0);
    }
  });

  it('is 1 for whatever else is thrown', () => {
    expect(exitCodeOf(new Error('message'))).toBe(1);
    expect(exitCodeOf(undefined)).toBe(1);
  });
});
