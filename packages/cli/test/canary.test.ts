import { describe, expect, it } from 'vitest';
import { folderWith, runHere } from './support.js';

const CANARIES = [
  'mysql://app:canary@db:3306/General',
  'postgres://:can ary@db',
  'app:canary@db',
  'password=canary',
];

/** Every place on a command line where something wrong can stand. */
const places: readonly ((value: string) => readonly string[])[] = [
  (value) => [value],
  (value) => ['tenants', value],
  (value) => [`--${value}`, 'health'],
  (value) => [`--unknown=${value}`, 'health'],
  (value) => ['setup', value],
  (value) => ['health', value],
  (value) => ['tenants', 'create', value],
  (value) => ['tenants', 'create', 'acme', value],
  (value) => ['tenants', 'create', 'acme', '--server', value],
  (value) => ['tenants', 'create', 'acme', '--server', value, '--dry-run'],
  (value) => ['tenants', 'create', 'acme', '--isolation', value],
  (value) => ['tenants', 'create', 'acme', '--isolation', 'row', '--row-key', value],
  (value) => ['tenants', 'create', 'acme', '--metadata', value],
  (value) => ['tenants', 'list', '--status', value],
  (value) => ['tenants', 'list', '--limit', value],
  (value) => ['tenants', 'list', `--limit=${value}`],
  (value) => ['tenants', 'list', '--after', value],
  ...['get', 'suspend', 'resume', 'delete'].map((verb) => (value: string) => ['tenants', verb, value]),
  (value) => ['tenants', 'delete', '--yes', value],
  (value) => ['tenants', 'take-over', value, '--id', value],
  (value) => ['tenants', 'take-over', 'acme', '--id', value],
  (value) => ['adopt', '--tenants-from', value],
  (value) => ['adopt', '--tenants-from', 'SELECT 1', '--server', value, '--server-name', value],
  (value) => ['adopt', '--tenants-from', 'SELECT 1', '--identity', value],
  (value) => ['adopt', '--tenants-from', `SELECT '${value}'`],
  (value) => ['health', '--catalog', `x${value}`],
];

describe('what was typed in the wrong place', () => {
  it.each(CANARIES)('is told without its password: %s', async (canary) => {
    const cwd = await folderWith({ 'tenantry.config.json': '{"catalog": "sqlite:./data"}' });
    expect((await runHere(['setup'], { cwd })).code).toBe(0);
    for (const args of places.map((place) => place(canary))) {
      for (const json of [[], ['--json']]) {
        const { stdout, stderr } = await runHere([...args, ...json], { cwd });
        // Data is what was asked for: the name of a tenant that somebody's query gave.
        const said = args.join().includes("SELECT '") ? stderr : stdout + stderr;
        expect(said, args.join(' ')).not.toMatch(/can ?ary/);
      }
    }
  });

  it('is told without its password where it stands in a configuration that cannot be read', async () => {
    for (const text of ['{"catalog": "mysql://app:canary@db" x', '{"catalog": canary}', "{'canary'"]) {
      const cwd = await folderWith({ 'tenantry.config.json': text });
      const { code, stderr } = await runHere(['health'], { cwd });
      expect(code).toBe(2);
      expect(stderr).not.toContain('canary');
    }
  });
});
