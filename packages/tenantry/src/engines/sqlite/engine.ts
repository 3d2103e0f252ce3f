import type { ServerAddress } from '../../engine/address.js';
import { capabilities, type EngineCapabilities } from '../../engine/capabilities.js';
import type { Engine, EngineServer } from '../../engine/engine.js';
import { InvalidInputError } from '../../errors.js';
import { classifyError } from './errors.js';
import { readOptions, type WorkerKind } from './options.js';
import { SqliteServer } from './server.js';
import { isRead } from './statement-rules.js';

/**
 * SQLite: a server is a folder, a database is a file `<name>.sqlite` in it. Runs on better-sqlite3
 * where that is installed and loads, else on libsql; importing this needs neither.
 *
 * Statements run in this thread, one after the other and to their end: nothing can cancel one that
 * runs, so `cancel` ends only the wait for a lock. With `worker` in the URL they run in a thread or a
 * process for each connection, and the server has an engine of its own, whose capabilities are those.
 */
export const sqlite: Engine = engine({ cheapConnections: true, synchronous: true });

/** A thread cannot be stopped in the middle of a statement; a process can. Neither is cheap. */
const inWorker: Readonly<Record<WorkerKind, Engine>> = {
  thread: engine({}),
  process: engine({ cancel: true }),
};

function engine(own: Partial<EngineCapabilities>): Engine {
  return Object.freeze<Engine>({
    name: 'sqlite',
    capabilities: capabilities({ dialect: 'sqlite', transactionalDdl: true, ...own }),
    server: openServer,
    sharingGroup: () => undefined,
    classifyError,
    quoteIdentifier,
    isRead,
  });
}

function openServer(address: ServerAddress): EngineServer {
  const options = readOptions(address);
  return new SqliteServer(options.worker === undefined ? sqlite : inWorker[options.worker], address, options);
}

function quoteIdentifier(name: string): string {
  if (!name.includes('\0')) return `"${name.replaceAll('"', '""')}"`;
  throw new InvalidInputError('An identifier holds the character NUL.', { hint: 'Use another name.' });
}
