import { describe, expect, it } from 'vitest';
import { splitScript } from '../../../src/engines/mysql/script.js';

const split = (script: string) => [...splitScript(script)];

describe('a schema script', () => {
  it('is split at semicolons, and the last one may be missing', () => {
    expect(split('CREATE TABLE a (id INT);\nCREATE TABLE b (id INT)')).toEqual([
      'CREATE TABLE a (id INT)',
      'CREATE TABLE b (id INT)',
    ]);
  });

  it('has no statement where there is nothing but white space and comments', () => {
    expect(split('')).toEqual([]);
    expect(split(';;\n ; -- end\n;# end\n; /* end */ ;')).toEqual([]);
    expect(split('\ufeffSELECT 1;')).toEqual(['SELECT 1']);
  });

  it.each([
    ["INSERT INTO a VALUES (';')"],
    ["INSERT INTO a VALUES ('it''s; \\'fine\\';')"],
    ["INSERT INTO a VALUES ('\\\\')"],
    ['INSERT INTO a VALUES (";""; \\";")'],
    ['CREATE TABLE `a;b``;` (id INT)'],
    ['SELECT 1 -- not yet; here\n+ 1'],
    ['SELECT 1 --\n+ 1'],
    ['SELECT 1 # not; here\n+ 1'],
    ['SELECT 1 /* not; here * / ; */ + 1'],
    ["/*!50003 SELECT '*/;' */"],
    ['/*M!100100 SELECT 1 /* inner; */ ; */'],
    ['SELECT 5--1'],
    ['SELECT /*+ MAX_EXECUTION_TIME(1) */ 1'],
  ])('keeps %j in one piece', (statement) => {
    expect(split(`${statement};\nSELECT 2;`)).toEqual([statement, 'SELECT 2']);
  });

  it('reads "--" without white space after it as arithmetic', () => {
    expect(split('SELECT 1--1; SELECT 2')).toEqual(['SELECT 1--1', 'SELECT 2']);
  });

  it('obeys DELIMITER lines, in any case, with Windows line ends, until the next one', () => {
    const body = 'CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END';
    const script = `SELECT 0;\r\nDELIMITER //\r\n${body}//\r\n  delimiter ;\nSELECT 3;`;
    expect(split(script)).toEqual(['SELECT 0', body, 'SELECT 3']);
  });

  it('takes the word delimiter for what it is inside a statement and inside a string', () => {
    expect(split('SELECT 1 AS\ndelimiter ;SELECT 2')).toEqual(['SELECT 1 AS\ndelimiter', 'SELECT 2']);
    expect(split("SELECT '\nDELIMITER //\n';SELECT 2")).toEqual(["SELECT '\nDELIMITER //\n'", 'SELECT 2']);
    expect(split('/*\nDELIMITER //\n*/ SELECT 1;SELECT 2')).toEqual([
      '/*\nDELIMITER //\n*/ SELECT 1',
      'SELECT 2',
    ]);
  });

  it('says what is wrong with a DELIMITER line that names none', () => {
    expect(() => split('DELIMITER\nSELECT 1')).toThrow(/names no delimiter/);
  });

  it('does not lose a string or a comment that is never closed', () => {
    expect(split("SELECT 'a; b")).toEqual(["SELECT 'a; b"]);
    expect(split('SELECT 1 /*! + 1; ')).toEqual(['SELECT 1 /*! + 1;']);
  });
});
