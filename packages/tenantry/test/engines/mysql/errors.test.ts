import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { parseAddress } from '../../../src/engine/address.js';
import { NotSentError } from '../../../src/engine/not-sent.js';
import { loadDriver } from '../../../src/engines/mysql/driver.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { DriverMissingError, type ErrorKind, InvalidOptionError } from '../../../src/errors.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  const test = useServer();
  const kindOf = async (attempt: Promise<unknown>): Promise<ErrorKind> =>
    mysql.classifyError(await failure(attempt));

  describe('an error of the server', () => {
    it.each<[string, ErrorKind]>([
      ['SELEC 1', 'syntax'],
      ['SELECT * FROM missing', 'missing-table'],
      ['INSERT INTO parents VALUES (1)', 'unique-violation'],
      ['INSERT INTO children VALUES (7)', 'constraint-violation'],
      ['DELETE FROM parents', 'constraint-violation'],
      ['INSERT INTO parents VALUES (NULL)', 'constraint-violation'],
      ['INSERT INTO parents VALUES (-1)', 'constraint-violation'],
      ['USE missing', 'unknown-database'],
      ['CREATE DATABASE mysql', 'database-exists'],
      ['SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(5)', 'cancelled'],
      ['KILL 999999999', 'other'],
    ])('has a neutral kind: %s', async (sql, kind) => {
      const connection = await test.open();
      await connection.query(
        'CREATE TABLE IF NOT EXISTS parents (id INT NOT NULL PRIMARY KEY CHECK (id > 0))',
      );
      await connection.query(
        'CREATE TABLE IF NOT EXISTS children (id INT, FOREIGN KEY (id) REFERENCES parents (id))',
      );
      await connection.query('INSERT IGNORE INTO parents VALUES (1)');
      await connection.query('DELETE FROM children');
      await connection.query('INSERT INTO children VALUES (1)');
      expect(await kindOf(connection.query(sql))).toBe(kind);
    });

    it('tells a deadlock from a lock timeout, and a read-only transaction from both', async () => {
      const [one, other] = [await test.open(), await test.open()];
      await one.query('CREATE TABLE locked (id INT PRIMARY KEY)');
      await one.query('INSERT INTO locked VALUES (1), (2)');
      for (const connection of [one, other]) {
        await connection.query('SET SESSION innodb_lock_wait_timeout = 1');
        await connection.begin();
      }
      await one.query('SELECT * FROM locked WHERE id = 1 FOR UPDATE');
      expect(await kindOf(other.query('SELECT * FROM locked WHERE id = 1 FOR UPDATE'))).toBe('lock-timeout');
      await other.query('SELECT * FROM locked WHERE id = 2 FOR UPDATE');
      const kinds = await Promise.all([
        one.query('SELECT * FROM locked WHERE id = 2 FOR UPDATE').catch(mysql.classifyError),
        other.query('SELECT * FROM locked WHERE id = 1 FOR UPDATE').catch(mysql.classifyError),
      ]);
      expect(kinds).toContain('deadlock');
      await one.rollback();
      await one.begin({ readOnly: true });
      expect(await kindOf(one.query('INSERT INTO locked VALUES (3)'))).toBe('read-only');
    });

    it('repeats no value of the statement', async () => {
      const connection = await test.open();
      const error = await failure(connection.query('SELECT * FROM missing WHERE a = ?', ['s3cr3t']));
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cr3t');
    });
  });

  describe('opening a connection', () => {
    const open = (url: string, database = 'mysql') =>
      mysql.server(parseAddress(url)).open(database, { timeoutMs: 5000 });

    it('says that nobody is there', async () => {
      expect(await kindOf(open('mysql://root@127.0.0.1:1'))).toBe('unreachable');
      expect(await kindOf(open('mysql://root@localhost/?socketPath=/nowhere/mysql.sock'))).toBe(
        'unreachable',
      );
      expect(await kindOf(open('mysql://root@host.invalid'))).toBe('unreachable');
    });

    it('says that the database is not there, or that the user may not', async () => {
      const url = new URL(test.url);
      expect(await kindOf(open(url.href, 'missing'))).toBe('unknown-database');
      url.username = 'nobody';
      url.password = 'wrong';
      expect(await kindOf(open(url.href))).toBe('access-denied');
    });

    it('says that the server has no connection left', async () => {
      await test.admin('CREATE USER limited@localhost WITH MAX_USER_CONNECTIONS 1');
      try {
        await test.admin('GRANT SELECT ON mysql.* TO limited@localhost');
        const url = new URL(test.url);
        url.username = 'limited';
        const only = await open(url.href);
        expect(await kindOf(open(url.href))).toBe('too-many-connections');
        await only.close();
      } finally {
        await test.admin('DROP USER limited@localhost');
      }
    });

    it('refuses URL parameters that it does not know, before any connection is made', () => {
      const server = (query: string) => () => mysql.server(parseAddress(`mysql://root@localhost/?${query}`));
      expect(server('multipleStatements=true')).toThrow(InvalidOptionError);
      expect(server('ssl=maybe')).toThrow(InvalidOptionError);
      expect(server('ssl=true')).not.toThrow();
      expect(() => mysql.server(parseAddress('sqlite:./data'))).toThrow(InvalidOptionError);
    });
  });

  describe('an error of the network', () => {
    it.each<[object, ErrorKind]>([
      [{ code: 'ECONNRESET', errno: -104 }, 'connection-lost'],
      [{ code: 'PROTOCOL_CONNECTION_LOST' }, 'connection-lost'],
      [{ code: 'ECONNREFUSED', errno: -111 }, 'unreachable'],
      [{ errno: 1927, sqlState: '70100' }, 'killed'],
      [{ errno: 4031, sqlState: 'HY000' }, 'killed'],
      [{ errno: 1114, sqlState: 'HY000' }, 'disk-full'],
      [{}, 'other'],
    ])('has a neutral kind: %j', (details, kind) => {
      expect(mysql.classifyError(Object.assign(new Error('x'), details))).toBe(kind);
    });

    it('finds a full disk in the text of a file error', () => {
      const error = new Error('Got error 28 "No space left on device" from storage engine InnoDB');
      expect(mysql.classifyError(Object.assign(error, { errno: 1030, sqlState: 'HY000' }))).toBe('disk-full');
    });

    it('never throws, whatever it is asked', () => {
      for (const value of [undefined, null, 1, 'x', {}]) expect(mysql.classifyError(value)).toBe('other');
      expect(mysql.classifyError(new NotSentError())).toBe('connection-lost');
    });
  });

  describe('a missing driver', () => {
    it('is named with the command that installs it', async () => {
      const absent = 'mysql2-is-not-there';
      const error = await failure(loadDriver(() => import(/* @vite-ignore */ absent)));
      expect(error).toBeInstanceOf(DriverMissingError);
      expect((error as DriverMissingError).hint).toContain('npm install mysql2');
    });
  });
});
