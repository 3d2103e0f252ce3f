import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createTenancy } from '../../packages/tenantry/src/index.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl } from '../tenancy/tenancies.js';

const PROGRAM = fileURLToPath(new URL('./ending.mjs', import.meta.url));

/** Long enough for a stalled machine; a process that is kept never ends. */
const PATIENCE_MS = 60_000;
const TEST_MS = 2 * PATIENCE_MS;

/** How the program ended, and what it said. */
function run(
  input: object,
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
}

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  async function runIn(way: string, parameters = '') {
    const [catalog, tenant] = [catalogUrl(namespace()), namespace().name('acme')];
    const server = namespace().url + parameters;
    const tenancy = await createTenancy({ catalog, servers: { main: server }, setup: true });
    const { tenants } = await tenancy.tenants.list();
    if (tenants.length === 0) await tenancy.tenants.create({ name: tenant });
    await tenancy.close();
    return run({ way, catalog, server, tenant });
  }

  describe('a process ends by itself', () => {
    it.each([
      'close',
      'destroy',
      'destroy, with all under way',
      'close, twice and after a beat of the process',
      'close with a client that nobody gives back',
      'several tenancies',
      'a start that failed',
      'options that were refused',
    ])(
      'after %s, and nothing is left',
      async (way) => {
        expect(await runIn(way)).toEqual({ code: 0, signal: null, stdout: '[]\n', stderr: '' });
      },
      TEST_MS,
    );
  });

  it(
    'a tenancy that nobody closes keeps its process where it has connections to a server',
    async () => {
      const stdout = engine.name === 'sqlite' ? 'not kept\n[]\n' : 'kept\n[]\n';
      expect(await runIn('nothing but its end')).toEqual({ code: 0, signal: null, stdout, stderr: '' });
    },
    TEST_MS,
  );

  if (engine.name !== 'sqlite') return;
  // libsql runs in no thread.
  const kinds = engine.label.includes('libsql') ? ['process'] : ['process', 'thread'];
  it.each(kinds)(
    'a tenancy that nobody closes does not keep its process where its databases are in a %s of their own',
    async (kind) => {
      const ended = { code: 0, signal: null, stdout: '[]\n', stderr: '' };
      expect(await runIn('no close', `&worker=${kind}`)).toEqual(ended);
    },
    TEST_MS,
  );
});
