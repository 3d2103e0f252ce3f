import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidOptionError } from 'tenantry';

/** In this order; the first that is there is read. */
const FILE_NAMES = ['tenantry.config.ts', 'tenantry.config.mjs', 'tenantry.config.json'];

/** What a configuration file says, as it stands there. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Reads the nearest configuration file between a folder and the root of its repository. Undefined
 * if there is none.
 *
 * @throws InvalidOptionError if it cannot be read.
 */
export async function findConfigFile(folder: string): Promise<ConfigFile | undefined> {
  for (const candidate of foldersUpToRoot(folder)) {
    for (const name of FILE_NAMES) {
      const path = join(candidate, name);
      if (existsSync(path)) return { path, content: await readConfigFile(path) };
    }
  }
  return undefined;
}

async function readConfigFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  let content: unknown;
  try {
    content = await load(path);
  } catch (error) {
    // A parser tells what it stumbled over, which may be a password.
    const isSyntax = error instanceof Error && error.name === 'SyntaxError';
    const where = isSyntax ? (/ at position \d+/.exec(error.message)?.[0] ?? '') : '';
    const reason = isSyntax
      ? `its syntax is wrong${where}`
      : error instanceof Error
        ? error.message
        : String(error);
    throw new InvalidOptionError(`${path} cannot be read: ${reason.replace(/\.$/, '')}.`, { cause: error });
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return content as Readonly<Record<string, unknown>>;
  }
  throw new InvalidOptionError(`${path} does not export an object.`, {
    hint: "Write: export default { catalog: 'sqlite:./data' }",
  });
}

async function load(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'));
  if (path.endsWith('.mjs')) {
    return ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;
  }
  const { createJiti } = await import('jiti');
  // Without caches: reading a configuration leaves no files behind and sees the file as it is now.
  return createJiti(import.meta.url, { fsCache: false, moduleCache: false }).import(path, { default: true });
}

/**
 * The folders to look in. A configuration file is code that will run, so the search ends at the
 * root of the repository; outside of one only the folder itself counts.
 */
function foldersUpToRoot(folder: string): readonly string[] {
  const ancestors = [folder];
  for (let at = folder; dirname(at) !== at; at = dirname(at)) ancestors.push(dirname(at));
  let root = ancestors.findIndex((path) => existsSync(join(path, '.git')));
  // An unpacked archive has no .git; there the outermost package is the root.
  if (root < 0) root = ancestors.findLastIndex((path) => existsSync(join(path, 'package.json')));
  return ancestors.slice(0, Math.max(root, 0) + 1);
}
