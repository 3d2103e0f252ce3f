import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  hmac,
  type ScramCredentials,
  ScramKeyCache,
  type ScramKeys,
} from '../../../src/engines/postgres/scram-keys.js';

const credentials = { user: 'ann', password: 'secret', salt: 'c2FsdA==', iterations: 4096 };

/** A cache, and what it had to derive. */
function countedCache(limit: number) {
  const derived: ScramCredentials[] = [];
  const cache = new ScramKeyCache(limit, async (asked) => {
    derived.push(asked);
    if (asked.password === 'broken') throw new Error('no memory');
    return { clientKey: Buffer.from(asked.password), serverKey: Buffer.from(asked.user) };
  });
  return { cache, derived };
}

describe('the cache of derived keys', () => {
  it('derives as RFC 7677 says', async () => {
    const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
    const asked = { user: 'user', password: 'pencil', salt, iterations: 4096 };
    const { clientKey, serverKey } = await new ScramKeyCache().keysFor(asked);
    const nonce = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const said = `n=user,r=rOprNGfwEbeRWgbNEkqO,${nonce},s=${salt},i=4096,c=biws,${nonce}`;
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), said);
    expect(clientKey).toEqual(proof.map((byte, index) => byte ^ (signature[index] as number)));
    expect(hmac(serverKey, said).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('gives the same keys for the same credentials', async () => {
    const { cache, derived } = countedCache(10);
    expect(await cache.keysFor({ ...credentials })).toBe(await cache.keysFor({ ...credentials }));
    expect(derived).toHaveLength(1);
  });

  it.each<[string, Partial<ScramCredentials>]>([
    ['user', { user: 'bob' }],
    ['password', { password: 'Secret' }],
    ['salt', { salt: 'c2FsdB==' }],
    ['number of iterations', { iterations: 4097 }],
    ['border between user and password', { user: 'anns', password: 'ecret' }],
  ])('derives anew for another %s', async (_, change) => {
    const { cache, derived } = countedCache(10);
    await cache.keysFor(credentials);
    await cache.keysFor({ ...credentials, ...change });
    expect(derived).toHaveLength(2);
  });

  it('is bounded, and forgets what was not used for the longest time', async () => {
    const { cache, derived } = countedCache(2);
    const use = (user: string) => cache.keysFor({ ...credentials, user });
    for (const user of ['ann', 'bob', 'ann', 'eve', 'ann', 'bob']) await use(user);
    expect(cache.size).toBe(2);
    expect(derived.map(({ user }) => user)).toEqual(['ann', 'bob', 'eve', 'bob']);
  });

  it('does not keep a failure', async () => {
    const { cache, derived } = countedCache(2);
    const broken = { ...credentials, password: 'broken' };
    await expect(cache.keysFor(broken)).rejects.toThrow('no memory');
    await expect(cache.keysFor(broken)).rejects.toThrow('no memory');
    expect(derived).toHaveLength(2);
    expect(cache.size).toBe(0);
  });

  it('shows nobody what it keeps', async () => {
    const cache = new ScramKeyCache();
    const { clientKey }: ScramKeys = await cache.keysFor(credentials);
    const shown = inspect(cache, { depth: 10, showHidden: true }) + JSON.stringify(cache);
    for (const secret of [credentials.password, clientKey.toString('base64'), clientKey.toString('hex')]) {
      expect(shown).not.toContain(secret);
    }
  });
});
