import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { type OwnServer, startOwnServer } from '../../../../../test/helpers/own-server.js';
import { serverAccount } from '../../../../../test/servers/launch.mjs';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineConnection } from '../../../src/engine/connection.js';
import { loadDriver } from '../../../src/engines/postgres/driver.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { DriverMissingError, InvalidInputError, InvalidOptionError } from '../../../src/errors.js';
import { failure, until } from './test-server.js';

onEngine('postgres', () => {
  const password = `p@ss/${randomBytes(4).toString('hex')}'"\\`;
  let server: OwnServer & { readonly port: number };
  let admin: EngineConnection;
  const folders: string[] = [];

  beforeAll(async () => {
    const own = await startOwnServer('postgres', { settings: { ssl: 'on', ...(await selfSigned()) } });
    server = { ...own, port: parseAddress(own.tcpUrl).port ?? 0 };
    admin = await open(server.url);
    await admin.query(`CREATE ROLE scram LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
  });

  afterAll(async () => {
    admin?.destroy();
    await server?.close();
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  function open(url: string, signal?: AbortSignal): Promise<EngineConnection> {
    return postgres.server(parseAddress(url)).open('postgres', { timeoutMs: 5000, signal });
  }

  function tcpUrl(port = server.port, secret = password, query = ''): string {
    return `postgres://scram:${encodeURIComponent(secret)}@127.0.0.1:${port}/${query}`;
  }

  async function backends(): Promise<number> {
    const { rows } = await admin.query("SELECT FROM pg_stat_activity WHERE usename = 'scram'");
    return rows.length;
  }

  describe('opening a connection', () => {
    it('proves the password by SCRAM', async () => {
      const connection = await open(tcpUrl());
      const { rows } = await connection.query(
        'SELECT current_user AS me, application_name AS app FROM pg_stat_activity WHERE pid = pg_backend_pid()',
      );
      expect(rows).toEqual([{ me: 'scram', app: 'tenantry' }]);
      await connection.close();
    });

    it.each([
      ['a wrong password', () => tcpUrl(server.port, 'wrong'), 'access-denied'],
      [
        'no password where one is asked for',
        () => `postgres://scram@127.0.0.1:${server.port}`,
        'access-denied',
      ],
      ['a port where nobody listens', () => tcpUrl(1), 'unreachable'],
      ['a socket that is not there', () => 'postgres://x@localhost/?socketPath=/nowhere', 'unreachable'],
      ['a host that does not exist', () => 'postgres://x@nowhere.invalid', 'unreachable'],
    ])('with %s fails for what it is', async (_, url, kind) => {
      expect(postgres.classifyError(await failure(open(url())))).toBe(kind);
    });

    it('to a database that is not there says so', async () => {
      const attempt = postgres.server(parseAddress(server.url)).open('Nowhere', { timeoutMs: 5000 });
      expect(postgres.classifyError(await failure(attempt))).toBe('unknown-database');
    });

    it('never reaches another database through a name that the server would change', async () => {
      const provisioning = await postgres.server(parseAddress(server.url)).provisioning();
      const longest = 'x'.repeat(63);
      await provisioning.createDatabase(longest);
      for (const name of [`${longest}y`, 'postgres\0user\0scram', '', '\ud800']) {
        const attempt = postgres.server(parseAddress(server.url)).open(name, { timeoutMs: 5000 });
        expect(await failure(attempt)).toBeInstanceOf(InvalidInputError);
      }
      expect(await provisioning.databaseExists(`${longest}y`)).toBe(false);
      await provisioning.dropDatabase(longest);
    });

    it('gives up where too many are connected', async () => {
      await admin.query('ALTER ROLE scram CONNECTION LIMIT 0');
      expect(postgres.classifyError(await failure(open(tcpUrl())))).toBe('too-many-connections');
      await admin.query('ALTER ROLE scram CONNECTION LIMIT -1');
    });
  });

  describe('opening a connection encrypted', () => {
    it('works with any certificate only where that was asked for', async () => {
      const connection = await open(tcpUrl(server.port, password, '?sslmode=no-verify'));
      const { rows } = await connection.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      expect(rows).toEqual([{ ssl: true }]);
      await connection.close();
      for (const mode of ['require', 'verify-ca', 'verify-full']) {
        const error = await failure(open(tcpUrl(server.port, password, `?sslmode=${mode}`)));
        expect(error.message).toMatch(/self-signed/);
        expect(postgres.classifyError(error)).toBe('unreachable');
      }
      await until(async () => (await backends()) === 0);
    });

    it('never goes on in clear text', async () => {
      let heard = 0;
      const liar = createServer((socket) => {
        socket.on('data', (chunk) => {
          heard += chunk.length;
          socket.write('N');
        });
      }).listen(0, '127.0.0.1');
      await once(liar, 'listening');
      const { port } = liar.address() as AddressInfo;
      const error = await failure(open(tcpUrl(port, password, '?sslmode=no-verify')));
      expect(error.message).toMatch(/does not support SSL/);
      // close waits for the last socket; the request for TLS is 8 bytes long.
      await new Promise((resolve) => liar.close(resolve));
      expect(heard).toBe(8);
    });

    it('cancels encrypted too', async () => {
      const connection = await open(tcpUrl(server.port, password, '?sslmode=no-verify'));
      const answer = failure(connection.query('SELECT pg_sleep(60)'));
      await until(async () => {
        const { rows } = await admin.query(
          "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'",
        );
        return rows.length > 0;
      });
      await connection.cancel(5000);
      expect(postgres.classifyError(await answer)).toBe('cancelled');
      await until(async () => (await backends()) === 0);
    });
  });

  describe('a cancelled statement', () => {
    it('ends with its connection where the server does not take the request in time', async () => {
      const sockets: Socket[] = [];
      const proxy = createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        // The first connection is served; the one that brings the request is left waiting.
        if (sockets.length === 1) socket.pipe(createConnection(server.port, '127.0.0.1')).pipe(socket);
        else socket.resume();
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const connection = await open(tcpUrl((proxy.address() as AddressInfo).port));
      const answer = failure(connection.query('SELECT pg_sleep(60)'));
      await connection.cancel(50);
      expect(postgres.classifyError(await answer)).toBe('connection-lost');
      expect(connection.isAlive()).toBe(false);
      expect(sockets).toHaveLength(2);
      await new Promise((resolve) => proxy.close(resolve));
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scram'");
      await until(async () => (await backends()) === 0);
    });
  });

  describe('an attempt to open that is given up', () => {
    // What the server has said when it falls silent: nothing, "yes" to TLS, half of SCRAM, all but the end.
    const silences = [
      ['before its first word', '', 0],
      ['in the TLS handshake', '?sslmode=no-verify', 1],
      ['in the middle of the TLS handshake', '?sslmode=no-verify', 200],
      ['at the first word of SCRAM', '', 24],
      ['in the middle of SCRAM', '', 100],
      ['after the password was taken', '', 200],
    ] as const;

    it.each(silences)('by its signal %s leaves no socket', async (_, query, bytes) => {
      const proxy = await silentProxy(bytes);
      const abort = new AbortController();
      const attempt = failure(open(tcpUrl(proxy.port, password, query), abort.signal));
      await proxy.silent;
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await attempt).toBe(reason);
      await proxy.clientGone;
      await until(async () => (await backends()) === 0);
    });

    it.each(silences)('by its timeout %s leaves no socket', async (_, query, bytes) => {
      const proxy = await silentProxy(bytes);
      const address = parseAddress(tcpUrl(proxy.port, password, query));
      const error = await failure(postgres.server(address).open('postgres', { timeoutMs: 100 }));
      expect(error.message).toMatch(/did not answer within 100 ms/);
      expect(postgres.classifyError(error)).toBe('unreachable');
      await proxy.clientGone;
    });

    it('before it began does no I/O', async () => {
      const signal = AbortSignal.abort();
      const error = await failure(open('postgres://nowhere.invalid', signal));
      expect(error).toBe(signal.reason);
      expect(postgres.classifyError(error)).toBe('cancelled');
    });

    it('by the server in the middle is told apart from a lost statement', async () => {
      const proxy = await silentProxy(100);
      const attempt = failure(open(tcpUrl(proxy.port)));
      await proxy.silent;
      proxy.cut();
      expect(postgres.classifyError(await attempt)).toBe('unreachable');
    });
  });

  describe('the environment of the process', () => {
    const leaks = {
      PGHOST: 'nowhere.invalid',
      PGPORT: '1',
      PGUSER: 'nobody',
      PGPASSWORD: 'wrong',
      PGDATABASE: 'Nowhere',
      PGAPPNAME: 'somebody',
      PGOPTIONS: '-c search_path=elsewhere',
      PGREPLICATION: 'database',
      PGSSLMODE: 'require',
      PGSSLNEGOTIATION: 'direct',
      PGBINARY: 'true',
    };
    const before = { ...process.env };

    afterEach(() => {
      for (const name of [...Object.keys(leaks), 'NODE_PG_FORCE_NATIVE']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    });

    it('decides nothing about a connection', async () => {
      Object.assign(process.env, leaks);
      const socket = `?socketPath=${encodeURIComponent(String(parseAddress(server.url).socketPath))}`;
      const connection = await open(`postgres://localhost:${server.port}/${socket}`);
      const { rows } = await connection.query(
        "SELECT current_user AS me, current_database() AS db, current_setting('search_path') AS path",
      );
      expect(rows).toEqual([{ me: 'postgres', db: 'postgres', path: '"$user", public' }]);
      await connection.close();
      const error = await failure(open(`postgres://scram@127.0.0.1:${server.port}`));
      expect(error.message).toMatch(/asks for a password/);
    });

    it('cannot swap the driver', async () => {
      process.env.NODE_PG_FORCE_NATIVE = '1';
      expect(await failure(open(server.url))).toBeInstanceOf(InvalidOptionError);
    });
  });

  describe('an address', () => {
    it.each([
      'postgres://localhost/?sslmode=prefer',
      'postgres://localhost/?host=elsewhere',
      'postgres://localhost/?options=-c%20search_path%3Dx',
      'postgres://localhost/?socketPath=relative',
      'postgres://localhost/?socketPath=/tmp&sslmode=require',
      'postgres://a%00b@localhost/',
      'mysql://localhost/',
    ])('%s is refused before any I/O', (url) => {
      expect(() => postgres.server(parseAddress(url))).toThrow(InvalidOptionError);
    });

    it('never shows its password', async () => {
      const error = await failure(open(tcpUrl(server.port, 'canary-4711')));
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.stack)).not.toContain(
        '4711',
      );
    });
  });

  describe('a missing driver', () => {
    it('is said with the command that installs it', async () => {
      const error = await failure(loadDriver(() => Promise.reject(new Error('Cannot find package'))));
      expect(error).toBeInstanceOf(DriverMissingError);
      expect((error as DriverMissingError).hint).toContain('npm install pg');
    });
  });

  /** Passes everything on until the server has said so many bytes, and keeps the rest to itself. */
  async function silentProxy(bytes: number) {
    const silent = deferred();
    const clientGone = deferred();
    let client: Socket | undefined;
    const proxy = createServer((socket) => {
      client = socket;
      const upstream = createConnection(server.port, '127.0.0.1');
      let left = bytes;
      socket.on('data', (chunk) => upstream.write(chunk));
      upstream.on('data', (chunk) => {
        if (left > 0) socket.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) silent.resolve();
      });
      socket
        .on('error', () => {})
        .on('close', () => {
          upstream.destroy();
          proxy.close();
          clientGone.resolve();
        });
      upstream.on('error', () => {});
      // A server that has nothing to say has been silent from the start.
      if (bytes === 0) silent.resolve();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    return {
      port,
      silent: silent.promise,
      clientGone: clientGone.promise,
      cut: () => client?.destroy(),
    };
  }

  function deferred(): { promise: Promise<void>; resolve: () => void } {
    let resolve = () => {};
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    return { promise, resolve };
  }

  /** Settings with a certificate that nobody has signed. */
  async function selfSigned() {
    const folder = mkdtempSync(join(tmpdir(), 'tenantry-tls-'));
    folders.push(folder);
    const [key, certificate] = [join(folder, 'test.key'), join(folder, 'test.crt')];
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    execFileSync('openssl', [...kind, '-days', '1', ...subject, '-keyout', key, '-out', certificate], {
      stdio: 'pipe',
    });
    const account = await serverAccount(['postgres', 'nobody']);
    if (account !== undefined) for (const path of [folder, key]) chownSync(path, account.uid, account.gid);
    return { ssl_key_file: key, ssl_cert_file: certificate };
  }
});
