import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { InvalidInputError } from '../../../src/errors.js';
import { useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  /** Text made of what breaks quoting. */
  const nasty = (maxLength: number) =>
    fc.string({
      unit: fc.oneof(
        fc.constantFrom(
          '"',
          "'",
          '\\',
          ';',
          '--',
          '/*',
          '*/',
          '$$',
          '$1',
          '%',
          '?',
          '.',
          '\n',
          '\t',
          ' ',
          'é',
          'İ',
          '😀',
        ),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength,
    });

  describe('an identifier', () => {
    it('is what it was, or is refused', async () => {
      const connection = await test.open();
      await fc.assert(
        fc.asyncProperty(nasty(24), async (name) => {
          const isPossible = name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0');
          if (!isPossible) {
            expect(() => postgres.quoteIdentifier(name)).toThrow(InvalidInputError);
            return;
          }
          const { rows } = await connection.query(`SELECT 1 AS ${postgres.quoteIdentifier(name)}`);
          expect(Object.keys(rows[0] ?? {})).toEqual([name]);
        }),
        { numRuns: 300 },
      );
      expect(connection.isClean()).toBe(true);
    });

    it.each(['', 'a\0b', 'x'.repeat(64), '😀'.repeat(16), '\ud800'])('%j is refused', (name) => {
      expect(() => postgres.quoteIdentifier(name)).toThrow(InvalidInputError);
    });
  });

  describe('a database name', () => {
    it('goes through creating, opening, listing and dropping unchanged', async () => {
      const names = ['a"b; DROP DATABASE postgres; --', "it's", 'x.y/..\\z', 'ÄÖ😀 %s $1', 'Case', 'case'];
      for (const name of names) await test.provisioning.createDatabase(name);
      expect(await test.provisioning.listDatabases()).toEqual(expect.arrayContaining(names));
      for (const name of names) {
        const connection = await test.open(name);
        expect(await connection.currentDatabase()).toBe(name);
        await connection.close();
      }
      for (const name of names) {
        await test.provisioning.dropDatabase(name);
        expect(await test.provisioning.databaseExists(name)).toBe(false);
      }
    });
  });

  describe('a string parameter', () => {
    it('arrives as it was sent', async () => {
      const connection = await test.open();
      await fc.assert(
        fc.asyncProperty(nasty(100), async (text) => {
          fc.pre(!text.includes('\0'));
          const { rows } = await connection.query('SELECT $1::text AS text, $2::bytea AS bytes', [
            text,
            Buffer.from(text),
          ]);
          expect(rows).toEqual([{ text, bytes: Buffer.from(text) }]);
        }),
        { numRuns: 300 },
      );
    });

    it('with a NUL is refused by the server, and the connection goes on', async () => {
      const connection = await test.open();
      await expect(connection.query('SELECT $1::text', ['a\0b'])).rejects.toMatchObject({ code: '22021' });
      expect(connection.isClean()).toBe(true);
    });
  });
});
