// `npm run check`: every checker, one line each; what a checker says is shown only where it failed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const STEP_TIMEOUT_MS = 600_000;

// Two at a time, because each checker keeps about one core busy. All but `lint` read what `types` builds.
const passed = [
  ...(await Promise.all([check('types', types), check('lint', lint)])),
  ...(await Promise.all([
    check('promises', () => run('eslint', '--max-warnings', '0', '.')),
    check('arrows', arrows).then(async (ok) => (await check('unused', () => run('knip'))) && ok),
  ])),
  await check('exports', packedExports),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;

async function check(name, checker) {
  try {
    await checker();
    console.log(`${name} ok`);
    return true;
  } catch (error) {
    console.log(`${error.message.trim()}\n${name} FAILED`);
    return false;
  }
}

function lint() {
  return run('biome', 'check', '--error-on-warnings', '.');
}

function arrows() {
  const folders = ['packages', 'examples', 'test', 'bench', 'scripts'].filter((folder) =>
    existsSync(join(root, folder)),
  );
  return run('depcruise', '--config', '.dependency-cruiser.cjs', ...folders);
}

async function types() {
  await run('tsc', '-b');
  if (existsSync(join(root, 'tsconfig.tests.json')))
    await run('tsc', '-p', 'tsconfig.tests.json', '--noEmit');
}

/** What npm would publish, looked at from outside: by a bundler's eyes (publint) and by TypeScript's (attw). */
async function packedExports() {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-pack-'));
  try {
    for (const name of readdirSync(join(root, 'packages'))) {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
      await run('npm', 'pack', '--silent', '--workspace', manifest.name, '--pack-destination', folder);
      const tarball = join(
        folder,
        `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`,
      );
      await run('publint', 'run', tarball, '--strict');
      if (manifest.exports?.['.']) await run('attw', tarball, '--profile', 'esm-only', '--no-emoji');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a tool of the workspace (or of the path) and rejects with everything it said unless it exits 0. */
function run(command, ...args) {
  const own = join(root, 'node_modules', '.bin', command);
  return new Promise((resolve, reject) => {
    const child = spawn(existsSync(own) ? own : command, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_TIMEOUT_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${output}\n${command} ${args.join(' ')}: ${signal ?? `exit ${code}`}`));
    });
  });
}
