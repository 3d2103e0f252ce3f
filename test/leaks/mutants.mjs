import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LIBRARY } from './reserve.mjs';

/** @typedef {import('./contracts/mutant.js').Mutant} Mutant */
/** @typedef {import('./contracts/mutant.js').Patch} Patch */

const FOLDER = new URL('mutants/', import.meta.url);
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** @returns {Promise<Mutant[]>} every mutant, by name */
export async function loadMutants() {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.mjs')).sort();
  return Promise.all(
    files.map(async (file) => {
      /** @type {{ default: Mutant }} */
      const { default: mutant } = await import(new URL(file, FOLDER).href);
      if (`${mutant.name}.mjs` !== file)
        throw new Error(`The mutant in ${file} calls itself ${mutant.name}.`);
      return mutant;
    }),
  );
}

/**
 * Replaces a text that must be there exactly once: a mutant that no longer fits must not pass for one that was
 * caught, nor for one that survived.
 *
 * @param {string} source
 * @param {Patch} patch
 */
function applyPatch(source, { file, find, replace }) {
  const parts = source.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`${file} holds this ${parts.length - 1} times instead of once:\n${find}`);
}

/**
 * The files of the built library that a mutant changes, as it changes them.
 *
 * @param {Mutant} mutant
 * @returns {Promise<ReadonlyMap<string, string>>} their new texts by their paths in `dist`; rejects if the mutant
 *   does not fit the library as it is built today
 */
export async function mutate({ name, patches }) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  for (const patch of patches) {
    const { file } = patch;
    const text = texts.get(file) ?? (await readFile(new URL(file, LIBRARY), 'utf8'));
    try {
      texts.set(file, applyPatch(text, patch));
    } catch (error) {
      throw new Error(`The mutant ${name} does not fit any more.`, { cause: error });
    }
  }
  return texts;
}

/**
 * Makes a copy of the built library with a mutant in it, which finds its packages where the library does.
 *
 * @param {Mutant} mutant
 * @param {string} directory where the copy is made
 * @returns {Promise<string>} the URL of its `dist`
 */
export async function breed(mutant, directory) {
  const home = join(directory, mutant.name);
  const dist = join(home, 'dist');
  await mkdir(home, { recursive: true });
  await cp(fileURLToPath(LIBRARY), dist, { recursive: true });
  await symlink(MODULES, join(home, 'node_modules'));
  /** @type {{ type: string, imports: unknown }} */
  const { type, imports } = JSON.parse(await readFile(new URL('../package.json', LIBRARY), 'utf8'));
  // Without its own imports no worker starts, and a hunt that cannot start passes for one that found something.
  await writeFile(join(home, 'package.json'), JSON.stringify({ type, imports }));
  for (const [file, text] of await mutate(mutant)) await writeFile(join(dist, file), text);
  return `${pathToFileURL(dist).href}/`;
}
