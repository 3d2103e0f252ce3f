import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** Whether a package can be imported, its binary aside. better-sqlite3 is not there where it could not be built. */
export function isInstalled(packageName: string): boolean {
  try {
    resolve(packageName);
    return true;
  } catch {
    return false;
  }
}
