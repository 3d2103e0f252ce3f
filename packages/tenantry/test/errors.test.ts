import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as library from '../src/index.js';
import { type ErrorCode, errorCatalog, TenancyError } from '../src/index.js';

/** A row of a table in docs/errors.md. */
interface Row {
  readonly code: string;
  readonly className: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly exit: number;
  readonly texts: readonly string[];
}

const codes = Object.keys(errorCatalog) as ErrorCode[];
const rows = readRows();

function readRows(): readonly Row[] {
  const docs = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  return docs
    .split('\n')
    .filter((line) => line.startsWith('| `TENANTRY_'))
    .map((line) => {
      const [code = '', className = '', status, retryable, means = '', toDo = '', exit] = line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(\w+)`$/, '$1'));
      return {
        code,
        className,
        status: Number(status),
        retryable: retryable === 'yes',
        exit: Number(exit),
        texts: [means, toDo],
      };
    });
}

/** The exit code of the command line for a category; its own tests hold it to this. */
const exitCodes = { usage: 2, 'not-found': 3, conflict: 4, refused: 5, unavailable: 6, internal: 1 };

describe('docs/errors.md', () => {
  it('names every code once, and no other', () => {
    expect(rows.map(({ code }) => code).sort()).toEqual([...codes].sort());
  });

  it.each(rows)('says of $code what the catalog says', ({ code, status, retryable, exit, texts }) => {
    const definition = errorCatalog[code as ErrorCode];
    expect({ status, retryable, exit }).toEqual({
      status: definition.status,
      retryable: definition.retryable,
      exit: exitCodes[definition.category],
    });
    for (const text of texts) expect(text).toMatch(/\S.*\.$/);
  });
});

describe('every code', () => {
  it.each(rows)('$code has the exported class $className', ({ code, className }) => {
    const ErrorClass = (library as Record<string, unknown>)[className] as new (text: string) => TenancyError;
    const error = new ErrorClass('what happened');
    expect(error).toBeInstanceOf(TenancyError);
    expect({ code: error.code, name: error.name }).toEqual({ code, name: className });
  });

  it('has a class, and every class a code', () => {
    const isErrorClass = (value: unknown) =>
      typeof value === 'function' && value.prototype instanceof TenancyError;
    const classes = Object.entries(library).filter(([, value]) => isErrorClass(value));
    expect(classes.map(([name]) => name).sort()).toEqual(rows.map(({ className }) => className).sort());
  });

  it.each(codes)('%s has an HTTP status that fits its category', (code) => {
    const { status, category } = errorCatalog[code];
    const fitting = {
      usage: [500, 503],
      'not-found': [404],
      conflict: [409],
      // Who is refused may be the request, or this process by its catalog.
      refused: [400, 403, 503],
      unavailable: [503, 499],
      internal: [500],
    };
    expect(fitting[category]).toContain(status);
  });
});

describe('an error', () => {
  it('carries its code, hint, kind, tenant and cause', () => {
    const cause = new Error('from the driver');
    const details = { hint: 'Do this.', kind: 'deadlock', tenant: 'acme', cause } as const;
    expect(new library.QueryFailedError('It failed.', details)).toMatchObject({
      message: 'It failed.',
      code: 'TENANTRY_QUERY_FAILED',
      category: 'internal',
      status: 500,
      retryable: false,
      ...details,
    });
  });

  it('is not retryable where only a person can help: a session that ended, a wrong password', () => {
    expect(new library.SessionEndedError('It ended.').retryable).toBe(false);
    expect(new library.CatalogUnavailableError('No.', { kind: 'access-denied' }).retryable).toBe(false);
    expect(new library.CatalogUnavailableError('No.', { kind: 'unreachable' }).retryable).toBe(true);
  });

  it('has an empty hint and no cause where it was given none', () => {
    const error = new library.NoTenantError('Nobody.');
    expect(error.hint).toBe('');
    expect('cause' in error).toBe(false);
  });
});
