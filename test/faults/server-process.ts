import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnServer, startOwnServer } from '../helpers/own-server.js';

/** Whatever was started again; it ends with this process, or with `endRestarted`. */
const restarted = new Set<ChildProcess>();

/** Starts a private server that keeps what it has committed when its process is killed. */
export function startDurable(engine: 'mysql' | 'postgres'): Promise<OwnServer> {
  return startOwnServer(engine, {
    settings: engine === 'mysql' ? { innodb_flush_log_at_trx_commit: 2 } : { synchronous_commit: 'on' },
  });
}

/** Freezes a server and its worker processes: it accepts bytes and never answers. */
export async function freeze({ pid }: OwnServer): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  for (const child of await childrenOf(pid)) signalIfThere(child, 'SIGSTOP');
}

/** Lets a frozen server go on. */
export async function thaw({ pid }: OwnServer): Promise<void> {
  for (const child of await childrenOf(pid)) signalIfThere(child, 'SIGCONT');
  process.kill(pid, 'SIGCONT');
}

/** A server that was killed and can be brought back with its data and on its port. */
export interface KilledServer {
  restart(): Promise<void>;
}

/** Kills a server as a crash would; resolves when all its processes are gone. */
export async function kill(server: OwnServer): Promise<KilledServer> {
  const { pid } = server;
  const [commandLine, { uid, gid }] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    stat(`/proc/${pid}`),
  ]);
  const workers = await childrenOf(pid);
  for (const each of [pid, ...workers]) signalIfThere(each, 'SIGKILL');
  await until(async () => (await Promise.all([pid, ...workers].map(isGone))).every(Boolean));
  const command = commandLine.split('\0').slice(0, -1);
  return {
    async restart() {
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
        stdio: 'ignore',
        uid,
        gid,
        cwd: '/',
      });
      child.unref();
      restarted.add(child);
      const port = Number(new URL(server.tcpUrl).port);
      await until(() => answers(port));
    },
  };
}

/** Ends every server that was started again. */
export async function endRestarted(): Promise<void> {
  for (const child of restarted) {
    const workers = await childrenOf(child.pid ?? 0);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    for (const worker of workers) signalIfThere(worker, 'SIGKILL');
  }
  restarted.clear();
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = [];
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry) && (await statusOf(Number(entry)))?.parent === pid) children.push(Number(entry));
  }
  return children;
}

async function isGone(pid: number): Promise<boolean> {
  const status = await statusOf(pid);
  return status === undefined || status.state === 'Z';
}

async function statusOf(pid: number): Promise<{ state: string; parent: number } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything.
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Both servers speak first or hold their tongue; that the port is bound is what matters. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Looks until it is so; a test's own deadline ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(10);
}
