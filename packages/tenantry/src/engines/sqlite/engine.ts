import type { ServerAddress } from '../../engine/address.js';
import { capabilities } from '../../engine/capabilities.js';
import type { Engine, EngineServer } from '../../engine/engine.js';
import { InvalidInputError } from '../../errors.js';
import { classifyError } from './errors.js';
import { readOptions } from './options.js';
import { SqliteServer } from './server.js';
import { isRead } from './statement-rules.js';

/**
 * SQLite: a server is a folder, a database is a file `<name>.sqlite` in it. Runs on better-sqlite3
 * where that is installed and loads, else on libsql; importing this needs neither.
 *
 * Statements run inside this process, one after the other and to their end: nothing can cancel one
 * that runs, so `cancel` ends only the wait for a lock.
 */
export const sqlite: Engine = Object.freeze<Engine>({
  name: 'sqlite',
  capabilities: capabilities({ dialect: 'sqlite', transactionalDdl: true, cheapConnections: true }),
  server: (address: ServerAddress): EngineServer => new SqliteServer(sqlite, address, readOptions(address)),
  sharingGroup: () => undefined,
  classifyError,
  quoteIdentifier,
  isRead,
});

function quoteIdentifier(name: string): string {
  if (!name.includes('\0')) return `"${name.replaceAll('"', '""')}"`;
  throw new InvalidInputError('An identifier holds the character NUL.', { hint: 'Use another name.' });
}
