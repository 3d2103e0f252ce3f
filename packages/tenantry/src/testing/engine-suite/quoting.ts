import { describe, expect, it } from 'vitest';
import { firstOf, type SuiteContext } from './suite-context.js';

/** What SQL's dialects give a meaning to, and what looks like it. */
const MEANINGFUL = [
  '"',
  '`',
  "'",
  '\\',
  '?',
  '??',
  '$1',
  ':a',
  '%',
  '%s',
  ';',
  '--',
  '#',
  '/*',
  '*/',
  '[',
  ']',
  '.',
  '\n',
  '\t',
  ' ',
  '@',
  '\u00e9',
  '\u2018',
  '\uff02',
  '\u4f60',
  'a',
  'A',
  '0',
];
const ROUNDS = 300;
/** The shortest limit of any dialect is 63 bytes. */
const MAX_BYTES = 60;

/** Quoting identifiers, tried on the real server. */
export function describeQuoting(suite: SuiteContext): void {
  describe('a quoted identifier', () => {
    it('is that identifier and nothing else, whatever it contains', async () => {
      const connection = await suite.open();
      const random = generator(20_241_123);
      for (let round = 0; round < ROUNDS; round++) {
        const name = randomName(random);
        const quoted = suite.engine.quoteIdentifier(name);
        const { rows } = await connection.query(`SELECT 1 AS ${quoted}`);
        expect(Object.keys(firstOf(rows)), `${JSON.stringify(name)} quoted as ${quoted}`).toEqual([name]);
      }
    });

    it('stays apart from parameters', async () => {
      const connection = await suite.open();
      const p = suite.dialect.placeholder(1);
      const name = `a${p}b`;
      const { rows } = await connection.query(
        `SELECT n AS ${suite.engine.quoteIdentifier(name)} FROM (SELECT 1 AS n) AS t WHERE n = ${p}`,
        [1],
      );
      expect(Object.keys(firstOf(rows))).toEqual([name]);
    });

    it('cannot contain NUL', () => {
      expect(() => suite.engine.quoteIdentifier('a\0b')).toThrow();
    });
  });
}

function randomName(random: () => number): string {
  let name = 'x';
  for (let parts = 1 + Math.floor(random() * 20); parts > 0; parts--) {
    const next = name + (MEANINGFUL[Math.floor(random() * MEANINGFUL.length)] ?? '');
    if (Buffer.byteLength(next) < MAX_BYTES) name = next;
  }
  // Servers refuse, or cut off, white space at the end.
  return `${name}x`;
}

/** Numbers in [0, 1) that are the same in every run (Lehmer's generator). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
