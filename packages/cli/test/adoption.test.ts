import {
  type Adoption,
  CatalogUnavailableError,
  DatabaseMissingError,
  InvalidNameError,
  QueryFailedError,
} from 'tenantry';
import { describe, expect, it } from 'vitest';
import { adoptAll } from '../src/adoption/adopt-all.js';
import { chooseServer } from '../src/adoption/choose-server.js';
import { assertSelect } from '../src/adoption/read-names.js';

describe('the query that names the tenants', () => {
  it.each([
    ['SELECT name FROM tenants', 'SELECT name FROM tenants'],
    ['  select name from tenants ;  ', 'select name from tenants'],
    ['SELECT name FROM tenants;;\n; ', 'SELECT name FROM tenants'],
    ['WITH t AS (SELECT 1) SELECT * FROM t', 'WITH t AS (SELECT 1) SELECT * FROM t'],
  ])('may be %j', (sql, statement) => {
    expect(assertSelect(sql)).toBe(statement);
  });

  it.each([
    '',
    'DELETE FROM tenants',
    'selected',
    'SELECT 1; DROP TABLE tenants',
    'SELECT 1; COMMIT; DELETE FROM tenants;',
    '/* SELECT */ DELETE FROM tenants',
  ])('may not be %j', (sql) => {
    expect(() => assertSelect(sql)).toThrow('not a single SELECT');
  });

  it('is told what is wrong with it', () => {
    expect(() => assertSelect('SELECT 1; SELECT 2')).toThrow('there is a ";" inside of it.');
    expect(() => assertSelect('SHOW TABLES;')).toThrow('it begins with neither SELECT nor WITH.');
  });
});

describe('an adoption of many names', () => {
  const run = (names: readonly (string | null)[], adopt: (name: string) => Promise<Adoption['outcome']>) =>
    adoptAll(names, {
      adopt: async (name) => ({ outcome: await adopt(name), name, database: name }),
      onProgress: () => {},
      signal: new AbortController().signal,
    });

  it('asks once for each name and reports on each', async () => {
    const asked: string[] = [];
    const report = await run(['A', 'B', 'A', 'Gone', 'B?db=A', null, 'C', 'Broken', 'A'], async (name) => {
      asked.push(name);
      if (name === 'Gone') throw new DatabaseMissingError('There is no database Gone.');
      if (name.includes('?'))
        throw new InvalidNameError('"B?db=A" cannot be a name.', { hint: 'Use "a" to "z".' });
      if (name === 'Broken') throw new QueryFailedError('The file is no database.');
      if (name === 'C') return 'mended';
      return name === 'A' ? 'registered' : 'unchanged';
    });
    expect(asked).toEqual(['A', 'B', 'Gone', 'B?db=A', 'C', 'Broken']);
    expect(report).toEqual({
      registered: ['A'],
      mended: ['C'],
      unchanged: ['B'],
      rejected: [
        { name: 'Gone', code: 'TENANTRY_DATABASE_MISSING', reason: 'There is no database Gone.' },
        {
          name: 'B?db=A',
          code: 'TENANTRY_INVALID_NAME',
          reason: "It cannot be the name of a tenant. Use 'a' to 'z'.",
        },
        { name: null, code: 'TENANTRY_INVALID_NAME', reason: 'The query gave no text for it.' },
        { name: 'Broken', code: 'TENANTRY_QUERY_FAILED', reason: 'The file is no database.' },
      ],
      duplicates: ['A'],
    });
  });

  it.each([new CatalogUnavailableError('It does not answer.'), new TypeError('A bug of ours.')])(
    'ends at what is no fault of the name: %s',
    async (error) => {
      const asked: string[] = [];
      const adoption = run(['A', 'B'], (name) => {
        asked.push(name);
        return Promise.reject(error);
      });
      await expect(adoption).rejects.toBe(error);
      expect(asked).toEqual(['A']);
    },
  );
});

describe('the server of an adoption', () => {
  const config = { catalog: 'mysql://app:secret@db/General' };
  const choose = (flags: Parameters<typeof chooseServer>[1], servers?: Record<string, string>) =>
    chooseServer(servers === undefined ? config : { ...config, servers }, flags, '/base');

  it('is the configured one without a flag, or the one named', () => {
    expect(choose({})).toEqual({ name: undefined, servers: undefined });
    expect(choose({ server: 'second' })).toEqual({ name: 'second', servers: undefined });
  });

  it('keeps the name of the configured server at that address', () => {
    const url = 'mysql://root@other:3307';
    expect(choose({ server: url }, { shard: 'mysql://app@other:3307' })).toEqual({
      name: 'shard',
      servers: { shard: url },
    });
  });

  it('is called main beside another catalog', () => {
    const flags = { server: 'sqlite:./old', catalog: 'mysql://x/General' };
    expect(choose(flags, { main: 'mysql://a' })).toEqual({
      name: 'main',
      servers: { main: 'sqlite:/base/old' },
    });
  });

  it('never takes the name of a server at another address', () => {
    expect(() => choose({ server: 'mysql://elsewhere' })).toThrow('another address');
    expect(choose({ server: 'mysql://elsewhere', serverName: 'old' })).toEqual({
      name: 'old',
      servers: { main: config.catalog, old: 'mysql://elsewhere' },
    });
  });
});
