import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

// Debian keeps servers where an ordinary user's PATH does not look.
const EXTRA_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/**
 * The path of an installed program, or undefined.
 *
 * @param {...string} names the program's names, the preferred first
 */
export function findBinary(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...EXTRA_FOLDERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Where PostgreSQL keeps `initdb` and `postgres`: the newest of Debian's versions, or the PATH. */
export function findPostgres() {
  const folders = debianPostgresVersions().map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
  for (const folder of folders) {
    const found = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
    if (isExecutable(found.initdb) && isExecutable(found.postgres)) return found;
  }
  const initdb = findBinary('initdb');
  const postgres = findBinary('postgres');
  return initdb && postgres ? { initdb, postgres } : undefined;
}

function debianPostgresVersions() {
  try {
    return readdirSync(DEBIAN_POSTGRES).sort((left, right) => Number(right) - Number(left));
  } catch {
    return [];
  }
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
