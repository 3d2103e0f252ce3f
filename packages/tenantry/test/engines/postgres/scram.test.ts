import { randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { type OwnServer, startOwnServer } from '../../../../../test/helpers/own-server.js';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineConnection } from '../../../src/engine/connection.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { withSavedKeys } from '../../../src/engines/postgres/scram.js';
import { ScramKeyCache } from '../../../src/engines/postgres/scram-keys.js';
import { failure } from './test-server.js';

onEngine('postgres', () => {
  let server: OwnServer;
  let port: number;
  let admin: EngineConnection;
  const derivations = vi.spyOn(webcrypto.subtle, 'deriveBits');

  beforeAll(async () => {
    server = await startOwnServer('postgres');
    port = parseAddress(server.tcpUrl).port ?? 0;
    admin = await postgres.server(parseAddress(server.url)).open('postgres', { timeoutMs: 5000 });
  });

  afterEach(() => void derivations.mockClear());

  afterAll(async () => {
    derivations.mockRestore();
    admin?.destroy();
    await server?.close();
  });

  async function userWith(password: string): Promise<string> {
    const user = `user_${randomBytes(6).toString('hex')}`;
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
    return user;
  }

  function open(user: string, password: string, at = port): Promise<EngineConnection> {
    const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${at}`;
    return postgres.server(parseAddress(url)).open('postgres', { timeoutMs: 5000 });
  }

  /** Connects, asks the server who it is talking to, and says goodbye. */
  async function logIn(user: string, password: string, at = port): Promise<unknown> {
    const connection = await open(user, password, at);
    const { rows } = await connection.query('SELECT current_user::text AS me');
    await connection.close();
    return rows[0]?.me;
  }

  async function refusal(user: string, password: string): Promise<string> {
    return postgres.classifyError(await failure(open(user, password)));
  }

  /** Changes one character of the signature by which the server proves that it knows the password. */
  async function impostor(): Promise<{ readonly port: number; close(): Promise<void> }> {
    const proxy = createServer((socket) => {
      const upstream = createConnection(port, '127.0.0.1');
      socket.on('error', () => {}).on('close', () => upstream.destroy());
      upstream.on('error', () => {}).on('close', () => socket.destroy());
      socket.pipe(upstream);
      upstream.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        const lie = text.replace(/v=(.)/, (_, first) => (first === 'A' ? 'v=B' : 'v=A'));
        socket.write(Buffer.from(lie, 'latin1'));
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const close = () => new Promise<void>((resolve) => void proxy.close(() => resolve()));
    return { port: (proxy.address() as AddressInfo).port, close };
  }

  describe('the keys of a password', () => {
    it('are derived for the first connection, and for no other', async () => {
      const user = await userWith('Open, sesame! ~');
      expect(await logIn(user, 'Open, sesame! ~')).toBe(user);
      expect(derivations).toHaveBeenCalledTimes(1);
      expect(await logIn(user, 'Open, sesame! ~')).toBe(user);
      expect(await logIn(user, 'Open, sesame! ~')).toBe(user);
      expect(derivations).toHaveBeenCalledTimes(1);
    });

    it('are derived once where many connect at the same time', async () => {
      const user = await userWith('secret');
      await Promise.all(Array.from({ length: 5 }, () => logIn(user, 'secret')));
      expect(derivations).toHaveBeenCalledTimes(1);
    });

    it('let no wrong password in, neither before nor after', async () => {
      const user = await userWith('right');
      expect(await refusal(user, 'wrong')).toBe('access-denied');
      expect(await logIn(user, 'right')).toBe(user);
      expect(await refusal(user, 'wrong')).toBe('access-denied');
      expect(await refusal(user, 'right ')).toBe('access-denied');
      expect(await logIn(user, 'right')).toBe(user);
    });

    it('follow a change of the password', async () => {
      const user = await userWith('before');
      expect(await logIn(user, 'before')).toBe(user);
      await admin.query(`ALTER ROLE ${user} PASSWORD 'after'`);
      expect(await refusal(user, 'before')).toBe('access-denied');
      expect(await logIn(user, 'after')).toBe(user);
      // The same password again, but under another salt.
      await admin.query(`ALTER ROLE ${user} PASSWORD 'after'`);
      expect(await logIn(user, 'after')).toBe(user);
    });

    it('never open a door for somebody else', async () => {
      const [one, other] = [await userWith('of one'), await userWith('of the other')];
      await logIn(one, 'of one');
      await logIn(other, 'of the other');
      expect(await refusal(one, 'of the other')).toBe('access-denied');
      expect(await refusal(other, 'of one')).toBe('access-denied');
      expect(await logIn(one, 'of one')).toBe(one);
    });

    it('never open a door of the same salt either', async () => {
      const [one, other] = [await userWith('the same'), await userWith('another')];
      await logIn(one, 'the same');
      // A verifier that was copied has its salt; then the password is the same as well.
      const [row] = (await admin.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [one])).rows;
      await admin.query(`ALTER ROLE ${other} PASSWORD '${String(row?.rolpassword)}'`);
      expect(await refusal(other, 'another')).toBe('access-denied');
      expect(await logIn(other, 'the same')).toBe(other);
    });

    it('do not make the client believe an impostor', async () => {
      const user = await userWith('secret');
      const liar = await impostor();
      const strangers = [];
      for (let known = 0; known < 2; known++) {
        strangers.push((await failure(open(user, 'secret', liar.port))).message);
        await logIn(user, 'secret');
      }
      await liar.close();
      expect(strangers).toEqual([
        expect.stringMatching(/server signature does not match/),
        expect.stringMatching(/server signature does not match/),
      ]);
      expect(derivations).toHaveBeenCalledTimes(1);
    });
  });

  describe('a password that has to be prepared', () => {
    it('is left to the driver each time', async () => {
      const user = await userWith('pass\u00a0wörd ﬁ');
      expect(await logIn(user, 'pass\u00a0wörd ﬁ')).toBe(user);
      expect(await logIn(user, 'pass wörd fi')).toBe(user);
      expect(derivations).toHaveBeenCalledTimes(2);
    });
  });

  describe('a driver that does the exchange in another way', () => {
    it('is left alone', async () => {
      const { default: pg } = await import('pg');
      class Other extends pg.Client {}
      Object.assign(Other.prototype, { _handleAuthSASLContinue: undefined });
      expect(withSavedKeys(Other)).toBe(Other);
    });

    it('and one that may bind its channel does it itself', async () => {
      const { default: pg } = await import('pg');
      const user = await userWith('secret');
      const cache = new ScramKeyCache();
      const Client = withSavedKeys(pg.Client, cache);
      const config = { host: '127.0.0.1', port, user, password: 'secret', database: 'postgres' };
      for (const enableChannelBinding of [true, false]) {
        const client = new Client({ ...config, enableChannelBinding });
        await client.connect();
        await client.end();
        expect(cache.size).toBe(enableChannelBinding ? 0 : 1);
      }
    });
  });
});
