import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { InvalidInputError, InvalidParameterError } from '../../../src/errors.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();

  const NASTY = [
    "'",
    '"',
    '`',
    '\\',
    '\0',
    '%',
    '_',
    '\n',
    '\r',
    '\x1a',
    ';',
    '?',
    '--',
    '/*',
    '*/',
    '#',
    '.',
    '..',
    ' ',
  ];
  const nasty = (extra: string[]) =>
    fc
      .array(fc.constantFrom(...NASTY, ...extra, 'a', 'A', 'é', '中'), { maxLength: 12 })
      .map((parts) => parts.join(''));

  describe('a parameter', () => {
    it('arrives as it was given, whatever is in it', async () => {
      const connection = await test.open();
      await fc.assert(
        fc.asyncProperty(nasty(['😀']), nasty(['😀']), async (one, other) => {
          const { rows } = await connection.query('SELECT ? AS one, ? AS other, "?" AS mark', [one, other]);
          expect(rows).toEqual([{ one, other, mark: '?' }]);
        }),
        { numRuns: 300 },
      );
    });

    it('can be bytes, of any view', async () => {
      const connection = await test.open();
      await connection.query('CREATE TABLE bytes (value VARBINARY(300))');
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const bytes of [all, all.subarray(30, 50), Buffer.from(all), new Uint8Array(0)]) {
        await connection.query('DELETE FROM bytes');
        await connection.query('INSERT INTO bytes VALUES (?)', [bytes]);
        const { rows } = await connection.query('SELECT value FROM bytes');
        expect(Buffer.compare(rows[0]?.value as Buffer, bytes)).toBe(0);
      }
    });

    it('can be null, a boolean or a number', async () => {
      const connection = await test.open();
      const { rows } = await connection.query('SELECT ? AS a, ? AS b, 5-? AS c, ? AS d', [
        null,
        true,
        -1,
        1e21,
      ]);
      expect(rows).toEqual([{ a: null, b: 1, c: 6, d: 1e21 }]);
    });

    it('cannot be what a driver would expand into SQL', async () => {
      const connection = await test.open();
      for (const value of [{ id: 1 }, ['a'], undefined, Number.NaN, () => 1]) {
        const params = [value] as unknown as string[];
        expect(await failure(connection.query('SELECT ?', params))).toBeInstanceOf(InvalidParameterError);
      }
      expect(connection.isClean()).toBe(true);
    });

    it('is refused where a backslash does not escape', async () => {
      const connection = await test.open();
      await connection.query("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')");
      const attack = "\\' OR 1=1 -- ";
      expect(await failure(connection.query('SELECT ?', [attack]))).toBeInstanceOf(InvalidParameterError);
      await connection.query('SELECT 1');
      expect(await failure(connection.query('SELECT ?', [attack]))).toBeInstanceOf(InvalidParameterError);
      // The reply may tell of that one statement only.
      await connection.query("SET SESSION sql_mode = ''");
      expect(await failure(connection.query('SELECT ?', [attack]))).toBeInstanceOf(InvalidParameterError);
      await connection.reset();
      expect((await connection.query('SELECT ? AS a', [attack])).rows).toEqual([{ a: attack }]);
    });
  });

  describe('a parameter after a change of the character set', () => {
    const ATTACK = ['\u0127 OR 1=1 -- ', "\ufe5c' OR 1=1 -- ", "功' OR 1=1 -- "];

    it.each(['big5', 'gb2312', 'gbk', 'sjis', 'latin1'])('is refused: %s', async (charset) => {
      const connection = await test.open();
      await connection.begin();
      await connection.query(`SET NAMES ${charset}`);
      for (const value of ATTACK) {
        expect(await failure(connection.query('SELECT ?', [value]))).toBeInstanceOf(InvalidParameterError);
      }
      await connection.query('SET NAMES utf8mb4');
      for (const value of ATTACK)
        expect((await connection.query('SELECT ? AS a', [value])).rows).toEqual([{ a: value }]);
      await connection.rollback();
    });

    it('is refused where the server is told not to report such changes', async () => {
      const connection = await test.open();
      await connection.query("SET session_track_system_variables = ''");
      await connection.query('SET NAMES big5');
      expect(await failure(connection.query('SELECT ?', ['a']))).toBeInstanceOf(InvalidParameterError);
    });
  });

  describe('a server that reports no changes of the character set', () => {
    const silent = useServer({ session_track_system_variables: 'autocommit' });

    it('gets parameters until a statement may have changed it', async () => {
      const connection = await silent.open();
      await connection.begin();
      expect((await connection.query('SELECT ? AS a', ['b'])).rows).toEqual([{ a: 'b' }]);
      await connection.query('SET NAMES big5');
      expect(await failure(connection.query('SELECT ?', ['a']))).toBeInstanceOf(InvalidParameterError);
    });
  });

  describe('an identifier', () => {
    it('names what it was given, whatever is in it', async () => {
      const connection = await test.open();
      await fc.assert(
        fc.asyncProperty(nasty([]), async (name) => {
          if (name.includes('\0') || name === '') {
            expect(() => mysql.quoteIdentifier(name)).toThrow(InvalidInputError);
            return;
          }
          // An alias may be any identifier, and comes back as the server understood it.
          fc.pre(name.charAt(0) > ' ' && name.charAt(0) !== '\x1a' && name.trim() === name);
          const { rows } = await connection.query(`SELECT 1 AS ${mysql.quoteIdentifier(name)}`);
          expect(Object.keys(rows[0] ?? {})).toEqual([name]);
        }),
        { numRuns: 300 },
      );
    });

    it('is refused where the server would read another one', () => {
      for (const name of ['', 'a\0b', '😀', '\ud800', '#mysql50#a', '#MYSQL50#a']) {
        expect(() => mysql.quoteIdentifier(name)).toThrow(InvalidInputError);
      }
    });

    it('is refused as the name of a database to open as well', async () => {
      expect(await failure(test.open(`${test.database}\0x`))).toBeInstanceOf(InvalidInputError);
      expect(await failure(test.open(`#mysql50#${test.database}`))).toBeInstanceOf(InvalidInputError);
    });
  });

  describe('a server whose sql_mode has NO_BACKSLASH_ESCAPES', () => {
    const strict = useServer({ sql_mode: 'NO_BACKSLASH_ESCAPES' });

    it('gets no parameters from the first statement on', async () => {
      const connection = await strict.open();
      expect(await failure(connection.query('SELECT ?', ['a']))).toBeInstanceOf(InvalidParameterError);
      expect((await connection.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    });
  });
});
