import { open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderWith, runBin, runHere } from './support.js';

describe('a command line that cannot be understood', () => {
  it.each([
    [['tenants', 'lst']],
    [['tenants', 'list', '--limit', '0']],
    [['tenants', 'list', '--status', 'gone']],
    [['tenants', 'create']],
    [['tenants', 'create', 'acme', '--isolation', 'table']],
    [['adopt']],
    [['--unknown', 'health']],
  ])('%j exits with 2 and says nothing on stdout', async (args) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('TENANTRY_INVALID_OPTION');
  });

  it.each([
    [['setup', 'extra'], 'setup', 'no argument'],
    [['health', 'extra'], 'health', 'no argument'],
    [['adopt', 'extra', '--tenants-from', 'SELECT 1'], 'adopt', 'no argument'],
    [['tenants', 'list', 'extra'], 'tenants list', 'no argument'],
    [['tenants', 'delete', 'p', 'extra', '--yes'], 'tenants delete', '<name>'],
    [['tenants', 'take-over', 'p', '--id', 'x', 'extra'], 'tenants take-over', '<name>'],
  ])('%j is refused before anything is done, for what is too much', async (args, command, known) => {
    const cwd = await folderWith();
    const catalog = ['--catalog', 'sqlite:./catalog', '--json'];
    const { code, stdout, stderr } = await runHere([...args, ...catalog], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'TENANTRY_INVALID_OPTION',
        message: `too many arguments: 'extra'.`,
        hint: `tenantry ${command} takes ${known}. See: tenantry ${command} --help`,
      },
    });
    expect(await readdir(cwd)).toEqual([]);
  });

  it('tells no password that is too much', async () => {
    const { stderr } = await runHere(['health', 'mysql://u:Canary9@h/General']);
    expect(stderr).toContain('too many arguments');
    expect(stderr).not.toContain('Canary9');
  });

  it('is explained in JSON, on stderr, with --json', async () => {
    const { stdout, stderr } = await runHere(['tenants', 'lst', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'TENANTRY_INVALID_OPTION',
        message: "unknown command 'lst'.",
        hint: 'Did you mean list?',
      },
    });
  });

  it('is not led to a command that does something else', async () => {
    for (const verb of ['rename', 'remove', 'restore', 'resumes']) {
      const { stderr } = await runHere(['tenants', verb, 'acme', '--json']);
      expect(JSON.parse(stderr).error.hint.includes('resume')).toBe(verb === 'resumes');
    }
  });

  it('ends its sentences once', async () => {
    const { stderr } = await runHere(['tenants', 'list', '--limit', '0']);
    expect(stderr).not.toMatch(/\.\. /);
    const cwd = await folderWith({ 'tenantry.config.mjs': "throw new Error('It has its reasons.');" });
    const read = await runHere(['health'], { cwd });
    expect(read.stderr).toContain('cannot be read: It has its reasons. [');
  });

  it('is shown how an address is written, of which nothing is a secret', async () => {
    const { stderr } = await runHere(['health', '--catalog', 'db:3306']);
    expect(stderr).toContain('mysql://user:password@host:3306, postgres://user:password@host:5432');
  });

  it('without a command prints the help and exits with 2', async () => {
    const { code, stdout, stderr } = await runHere([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: tenantry');
  });

  it('names what is missing where nothing names a catalog', async () => {
    const { code, stderr } = await runHere(['tenants', 'list']);
    expect(code).toBe(2);
    expect(stderr).toContain('No catalog is configured');
  });
});

describe('help and version', () => {
  it.each([[['--help']], [['tenants', 'create', '--help']], [['--version']]])('%j is data', async (args) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });
});

describe('output that cannot be written', () => {
  it('is told in one line', async () => {
    const full = await open('/dev/full', 'w');
    onTestFinished(() => full.close());
    const { code, stderr } = await runBin(['--version'], { cwd: tmpdir(), stdout: full.fd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The output could not be written: ENOSPC.*\n$/);
  });
});

describe('colour', () => {
  const badLine = ['tenants', 'lst'];
  const ESCAPE = '\u001b[';

  it('is for a terminal', async () => {
    expect((await runHere(badLine, { terminal: true })).stderr).toContain(ESCAPE);
    expect((await runHere(badLine)).stderr).not.toContain(ESCAPE);
  });

  it('stays away under NO_COLOR', async () => {
    const { stderr } = await runHere(badLine, { terminal: true, env: { NO_COLOR: '1' } });
    expect(stderr).not.toContain(ESCAPE);
  });
});
