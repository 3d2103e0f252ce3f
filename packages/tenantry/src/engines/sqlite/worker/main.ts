import { parentPort, Worker } from 'node:worker_threads';
import type { SqliteConnection } from '../connection.js';
import { SqliteEngineError } from '../errors.js';
import { openFile } from '../open.js';
import { packError } from './packed-error.js';
import { END, type OpenedFile, READY, type WorkerReply, type WorkerRequest } from './protocol.js';

/**
 * What runs in a worker, a thread or a process: one connection, and nothing else. It does what it is told
 * and ends with whoever started it.
 */

const port = parentPort;
const tell = port === null ? tellParent : (message: unknown) => port.postMessage(message);
let connection: SqliteConnection | undefined;

if (port === null) {
  process.on('message', receive).on('disconnect', end);
  new Worker(new URL('./guard.js', import.meta.url), { execArgv: [], workerData: process.ppid }).unref();
  // What a terminal sends to all of a program's processes is the program's to answer.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
} else port.on('message', receive);
tell(READY);

function receive(message: WorkerRequest | typeof END): void {
  if (message === END) end();
  else void answer(message);
}

/** Never rejects. */
async function answer(request: WorkerRequest): Promise<void> {
  const { id } = request;
  try {
    const value = await run(request);
    tell({ id, value, ...state() } satisfies WorkerReply);
  } catch (error) {
    tell({ id, error: packError(error), ...state() } satisfies WorkerReply);
  }
}

function run(request: WorkerRequest): Promise<unknown> {
  if (request.call === 'open') return open(...request.args);
  if (connection === undefined) throw new SqliteEngineError('connection-lost', 'Nothing is open.');
  switch (request.call) {
    case 'query':
      return connection.query(...request.args);
    case 'runOfScript':
      return connection.runOfScript(...request.args);
    case 'begin':
      return connection.begin(...request.args);
    default:
      return connection[request.call]();
  }
}

async function open(...[options, database, timeoutMs, create]: OpenArguments): Promise<OpenedFile> {
  connection = await openFile(options, database, { timeoutMs, create });
  const { path, file } = connection.proof;
  return { path, file };
}

type OpenArguments = Extract<WorkerRequest, { call: 'open' }>['args'];

function state(): Pick<WorkerReply, 'isClean' | 'isAlive' | 'isInTransaction'> {
  // The program that asks looks at the file itself.
  return {
    isClean: connection?.isClean() ?? false,
    isAlive: connection?.isOpen ?? false,
    isInTransaction: connection?.isInTransaction() ?? true,
  };
}

function end(): void {
  connection?.destroy();
  // In a thread this ends the thread.
  process.exit();
}

function tellParent(message: unknown): void {
  // Nobody is there to be told where the parent has gone; `disconnect` says so.
  process.send?.(message, undefined, undefined, () => {});
}
