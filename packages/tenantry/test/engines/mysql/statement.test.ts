import { describe, expect, it } from 'vitest';
import { mysql } from '../../../src/engines/mysql/index.js';
import { bindParameters } from '../../../src/engines/mysql/statement.js';
import { InvalidParameterError } from '../../../src/errors.js';

const bind = (sql: string, ...params: string[]) =>
  bindParameters(sql, params, (value) => `<${String(value)}>`);

describe('a statement with placeholders', () => {
  it('gets one parameter for each', () => {
    expect(bind('SELECT ?, ? + 1', 'a', 'b')).toBe('SELECT <a>, <b> + 1');
    expect(bind('SELECT 1')).toBe('SELECT 1');
  });

  it('keeps question marks in strings, names and comments', () => {
    const sql = "SELECT '?', \"?\", `?`, 'a\\'?', 'a''?' /* ? */ -- ?\n# ?\n, ";
    expect(bind(`${sql}?`, 'a')).toBe(`${sql}<a>`);
    expect(bind(`${sql}1`)).toBe(`${sql}1`);
  });

  it('ends a comment where the server does', () => {
    expect(bind("SELECT 1 --\x7f it's ?\n, ?", 'a')).toBe("SELECT 1 --\x7f it's ?\n, <a>");
  });

  it('does not look for placeholders in what was put in', () => {
    expect(bind('SELECT ?, ?', '?', "'")).toBe("SELECT <?>, <'>");
  });

  it.each([
    ['SELECT ?', []],
    ['SELECT ?, ?', ['a']],
    ['SELECT ?', ['a', 'b']],
    ['SELECT 1', ['a']],
    ["SELECT '?'", ['a']],
    ['SELECT ??', ['a']],
    ['SELECT /*! ? */ 1', ['a']],
    ['SELECT "\\\\", ?', ['a']],
    ["SELECT [it's], ?", ['a']],
  ])('refuses %j with %j', (sql, params) => {
    expect(() => bind(sql, ...params)).toThrow(InvalidParameterError);
  });
});

describe('a statement that only reads', () => {
  it.each([
    ['SELECT * FROM users'],
    ['  (select 1);'],
    ["SELECT 'DELETE; FOR UPDATE' AS `insert`"],
    ['WITH a AS (SELECT 1) SELECT * FROM a'],
  ])('is known: %j', (sql) => expect(mysql.isRead(sql)).toBe(true));

  it.each([
    ['SELECT * FROM users FOR UPDATE'],
    ['SELECT * FROM users LOCK IN SHARE MODE'],
    ['SELECT 1 INTO OUTFILE "x"'],
    ['SELECT @a := 1'],
    ["SELECT GET_LOCK('a', 1)"],
    ['SELECT NEXTVAL(s)'],
    ['SELECT 1; DELETE FROM users'],
    ['WITH a AS (SELECT 1) DELETE FROM users'],
    ['EXPLAIN ANALYZE UPDATE users SET id = 1'],
    ['SHOW TABLES'],
    ['SELECT 1 -- why'],
    ["SELECT 1 --\x7f'\n, my_write(1) -- '"],
    ['/*! DELETE FROM users */'],
    ['SELECT /*! 1 INTO @a */'],
    ['CALL p()'],
    ['SET @a = 1'],
    ['START TRANSACTION'],
    ['selection'],
    [''],
  ])('is not taken for one: %j', (sql) => expect(mysql.isRead(sql)).toBe(false));
});
