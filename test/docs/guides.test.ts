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

      it(`${file} prints what it says${index > 0 ? `, on ${engine}` : ''}`, async (context) => {
        if (!isSelected) return context.skip(`it needs ${engine}, and this run leaves that out`);
        if (code.includes('./generated/')) await compilePrisma(join(folder, 'generated'));
        const program = join(folder, `${file}.${index}.mjs`);
        await writeFile(program, code);
        await using home = await homeOf(engine, folder);
        const child = spawn(process.execPath, [program], {
          cwd: root,
          env: { ...process.env, CATALOG: home.catalog },
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

function engineOf(code: string): EngineName {
  if (code.includes('tenantry/sqlite')) return 'sqlite';
  return code.includes('tenantry/mysql') ? 'mysql' : 'postgres';
}

/** Where the catalog of a guide's program is: a server of its own, or a folder. */
async function homeOf(engine: EngineName, folder: string): Promise<AsyncDisposable & { catalog: string }> {
  if (engine === 'sqlite') {
    const data = await mkdtemp(join(folder, 'data-'));
    return { catalog: `sqlite:${encodeURI(data)}`, [Symbol.asyncDispose]: async () => {} };
  }
  const server = await startOwnServer(engine);
  const catalog = new URL(server.tcpUrl);
  catalog.pathname = '/General';
  return { catalog: catalog.href, [Symbol.asyncDispose]: () => server.close() };
}

/** The client that `prisma generate` made, as JavaScript. */
async function compilePrisma(target: string): Promise<void> {
  const source = join(root, 'test/orm/prisma/postgres/generated');
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
