import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { openServerGroup, type ServerGroup } from '../../../../../test/servers/group.mjs';
import { startPgbouncer } from '../../../../../test/servers/pgbouncer.mjs';
import { parseAddress } from '../../../src/engine/address.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { InvalidOptionError } from '../../../src/errors.js';
import { failure, useServer } from './test-server.js';

/** What a database or a role may set by default, and the driver's parsers do not expect. */
const ODD = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-3',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  TimeZone: 'Pacific/Chatham',
};
const VALUES = `SELECT '2026-11-28 12:00:00+00'::timestamptz AS at, '2026-11-28'::date::text AS day,
  '1 day 02:00:00'::interval AS span, 0.1::float8 + 0.2 AS sum, 'a\\b' AS text, '\\x00ff'::bytea AS bytes`;
const EXACT = {
  at: new Date('2026-11-28T12:00:00Z'),
  day: '2026-11-28',
  span: { days: 1, hours: 2 },
  sum: 0.30000000000000004,
  text: 'a\\b',
  bytes: Buffer.from([0, 255]),
};
const ZONE = "SELECT current_setting('TimeZone') AS zone";

onEngine('postgres', () => {
  const test = useServer();
  const role = `odd_${randomBytes(6).toString('hex')}`;
  const opened: PostgresConnection[] = [];
  let group: ServerGroup;

  beforeAll(async () => {
    group = await openServerGroup();
    await test.admin(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'odd'`);
    for (const [name, value] of Object.entries(ODD)) {
      await test.admin(`ALTER ROLE ${role} SET ${name} = '${value}'`);
      await test.admin(`ALTER DATABASE "${test.database}" SET ${name} = '${value}'`);
    }
  });
  afterAll(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await test.admin(`DROP ROLE ${role}`);
    await group.close();
  });

  const roleUrl = (url: string) => {
    const target = new URL(url);
    Object.assign(target, { username: role, password: 'odd' });
    return target;
  };
  const open = async (query = '', url = test.tcpUrl) => {
    const target = roleUrl(url);
    for (const [name, value] of new URLSearchParams(query)) target.searchParams.set(name, value);
    const server = postgres.server(parseAddress(target.href));
    const connection = (await server.open(test.database, { timeoutMs: 5000 })) as PostgresConnection;
    opened.push(connection);
    return connection;
  };
  const values = async (connection: PostgresConnection) => (await connection.query(VALUES)).rows[0];

  describe('what a database or a role has set by default', () => {
    it('does not reach the parsers of values', async () => {
      expect(await values(await open())).toEqual(EXACT);
    });

    it('does not come back with a reset, whoever does it', async () => {
      const connection = await open();
      await connection.query("SET DateStyle = 'German'");
      await connection.reset();
      expect(await values(connection)).toEqual(EXACT);
      await connection.query("SET IntervalStyle = 'iso_8601'");
      await connection.query('RESET ALL');
      expect(await values(connection)).toEqual(EXACT);
    });

    it('holds where all is left to the server', async () => {
      const { rows } = await (await open('settings=server')).query("SELECT '2026-11-28'::date::text AS day");
      expect(rows).toEqual([{ day: '28.11.2026' }]);
    });
  });

  describe('the time zone', () => {
    it('is the one of the role, of the database or of the server', async () => {
      expect((await (await open()).query(ZONE)).rows).toEqual([{ zone: ODD.TimeZone }]);
    });

    it('is the one of the URL where it names one, after a reset too', async () => {
      const connection = await open('timezone=Asia/Tokyo');
      expect((await connection.query(ZONE)).rows).toEqual([{ zone: 'Asia/Tokyo' }]);
      await connection.query("SET TimeZone = 'UTC'");
      await connection.reset();
      expect((await connection.query(ZONE)).rows).toEqual([{ zone: 'Asia/Tokyo' }]);
      expect((await values(connection))?.at).toEqual(EXACT.at);
    });

    it('says nothing about a timestamp without one, which the driver reads as the local time of this process', async () => {
      for (const query of ['timezone=Asia/Tokyo', 'timezone=UTC']) {
        const { rows } = await (await open(query)).query("SELECT '2026-01-02 03:04:05'::timestamp AS local");
        expect(rows).toEqual([{ local: new Date(2026, 0, 2, 3, 4, 5) }]);
      }
    });

    it.each(['settings=some', 'timezone=', 'timezone=a%00b'])('refuses %s before any I/O', (query) => {
      expect(() => postgres.server(parseAddress(`postgres://localhost/?${query}`))).toThrow(
        InvalidOptionError,
      );
    });

    it('that the server does not know is said', async () => {
      expect((await failure(open('timezone=Nowhere/Land'))).message).toContain('TimeZone');
    });
  });

  describe('behind a pooler, which passes no settings on', () => {
    it('a session is served that has them by itself, and one that has not is refused with the way', async () => {
      const { url } = await startPgbouncer(group, {
        serverUrl: roleUrl(test.tcpUrl).href,
        poolMode: 'session',
      });
      const error = await failure(open('', url));
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error.message).toContain('DateStyle = German, DMY');
      expect((error as InvalidOptionError).hint).toContain('settings=server');
      await open('settings=server', url);
      for (const name of Object.keys(ODD)) {
        await test.admin(`ALTER ROLE ${role} RESET ${name}`);
        await test.admin(`ALTER DATABASE "${test.database}" RESET ${name}`);
      }
      // Sessions of before are the pooler's still.
      const { url: fresh } = await startPgbouncer(group, {
        serverUrl: roleUrl(test.tcpUrl).href,
        poolMode: 'session',
      });
      expect(await values(await open('', fresh))).toEqual(EXACT);
    });
  });
});
