import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { selectedEngines } from '../helpers/environment.js';
import { startOwnServer } from '../helpers/own-server.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guides = join(root, 'docs/guides');

/** Beside the packages that they import. */
const programs = join(root, 'node_modules/.cache/tenantry-guides');

describe('a guide', async () => {
  let folder = '';
  beforeAll(async () => {
    await mkdir(programs, { recursive: true });
    folder = await mkdtemp(join(programs, 'run-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const file of (await readdir(guides)).filter((name) => name.endsWith('.md'))) {
    const guide = await readFile(join(guides, file), 'utf8');
    for (const [index, [, code = '']] of [...guide.matchAll(/```js\n(.*?)```/gs)].entries()) {
      const engine = engineOf(code);
      const isSelected = selectedEngines().has(engine);

      it(`${file} prints what it says, on ${engine}`, async (context) => {
        if (!isSelected) return context.skip(`it needs ${engine}, and this run leaves that out`);
        const place = join(folder, `${file}-${index}`);
        await mkdir(place);
        if (code.includes('./generated/')) await compilePrisma(engine, join(place, 'generated'));
        const program = join(place, 'program.mjs');
        await writeFile(program, code);
        await using server = engine === 'sqlite' ? undefined : await startOwnServer(engine);
        const catalog = new URL(server?.tcpUrl ?? `sqlite:${encodeURI(join(place, 'data'))}`);
        if (server === undefined) catalog.searchParams.set('database', 'General');
        else catalog.pathname = '/General';
        const child = spawn(process.execPath, [program], {
          cwd: root,
          env: { ...process.env, CATALOG: catalog.href },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const [stdout, stderr] = await Promise.all([
          text(child.stdout),
          text(child.stderr),
          once(child, 'close'),
        ]);
        expect(stderr).toBe('');
        const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, line]) => line);
        expect(promised.length).toBeGreaterThan(0);
        expect(stdout.trim().split('\n')).toEqual(promised);
      });
    }
  }
});

/** What a program runs on, by the subpath that it imports. */
function engineOf(code: string): EngineName {
  if (code.includes('tenantry/sqlite')) return 'sqlite';
  return code.includes('tenantry/mysql') ? 'mysql' : 'postgres';
}

/** The client that `prisma generate` made, as JavaScript. */
async function compilePrisma(engine: EngineName, target: string): Promise<void> {
  const source = join(root, 'test/orm/prisma', engine, 'generated');
  await cp(source, target, { recursive: true });
  for (const file of await readdir(target, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const path = join(target, file);
    const { outputText } = ts.transpileModule(await readFile(path, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(path.replace(/\.ts$/, '.js'), outputText);
    await rm(path);
  }
}
