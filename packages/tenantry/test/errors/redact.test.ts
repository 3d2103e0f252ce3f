import { describe, expect, it } from 'vitest';
import { redact, redactValue } from '../../src/errors/redact.js';
import { InvalidInputError } from '../../src/errors.js';
import { quoteForMessage } from '../../src/tenant/name.js';

const ADDRESSES = [
  'mysql://app:canary@db/General',
  'postgres://app:ca@na:ry@db:5432',
  'mysql://:canary@db',
  'mysql:/app:canary@db',
  'mysql:app:canary@db',
  'postgres://app@db/x?password=canary&ssl=1',
  'mysql://db?sslPassword=canary',
];

describe('the password of an address', () => {
  it.each(ADDRESSES)('is taken out of the text around it: %s', (address) => {
    const text = redact(`There is no "${address}" here; ask ada@example.com.`);
    expect(text).not.toMatch(/canary|ca@na|ry@/);
    expect(text).toContain('; ask ada@example.com.');
  });

  it.each(ADDRESSES)('is in no error, whoever wrote its message: %s', (address) => {
    const error = new InvalidInputError(`What is ${address}?`, { hint: `Not ${address}.` });
    expect(`${error.message} ${error.hint} ${error.stack}`).not.toMatch(/canary|ry@/);
  });

  it.each([...ADDRESSES, 'mysql://app:can ary"@db', 'app:canary@db', '{"password": "canary"}'])(
    'is not told where it stands in the place of a name: %s',
    (value) => {
      expect(redactValue(value)).toBe('[redacted]');
      expect(quoteForMessage(value)).toBe('"[redacted]"');
    },
  );
});

describe('what is no secret', () => {
  it.each([
    'The catalog (database General on mysql://app@db:3306) is out of reach: refused at 10:15:00.',
    "Access denied for user 'app'@'localhost' (using password: YES)",
    'postgres://db:5432/app takes no more connections; see ada@example.com',
  ])('stays as it is: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it.each(['acme', 'token-ring', 'no such tenant!', 'ada@example.com'])('is told: %s', (value) => {
    expect(quoteForMessage(value)).toBe(JSON.stringify(value));
  });
});

const MEGABYTE = 2 ** 20;

/** Texts that a look at every pair of places would not be done with before the test's time is up. */
describe('a long text that a request carried', () => {
  it.each([':', 'a:', 'a/:', '@:', 'x', 'pass', 'token ', 'a.b+', '://', 'pwd='])(
    'costs no more than its length: %j',
    (part) => {
      const text = part.repeat(MEGABYTE / part.length);
      for (const long of [text, `${text}@`, `mysql://${text}@db`]) {
        redact(long);
        redactValue(long);
        quoteForMessage(long);
      }
      expect(redact(`${text} mysql://app:canary@db`)).not.toContain('canary');
    },
  );
});
