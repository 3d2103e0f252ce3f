import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_DEADLINE_MS = 60_000;
const PORT_ATTEMPTS = 5;

/** @typedef {import('./group.mjs').ServerGroup} ServerGroup */
/** @typedef {{ name: string, uid: number, gid: number }} Account */

/**
 * A server process that runs.
 *
 * @typedef {object} RunningProcess
 * @property {number} pid
 * @property {string} logFile
 * @property {Promise<unknown>} exited resolves when the process has ended
 */

/** The port was taken between the moment it was found free and the moment it was bound. */
class PortTakenError extends Error {}

/**
 * The account for a server that refuses root: the first of `names` that exists, or undefined where this
 * process is not root and runs servers as itself.
 *
 * @param {readonly string[]} names
 * @returns {Promise<Account | undefined>}
 */
export async function serverAccount(names) {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])));
      return { name, uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
    } catch {
      // No such account; the next one may exist.
    }
  }
  throw new Error(`None of the accounts ${names.join(', ')} exists, and the server refuses to run as root.`);
}

/**
 * A directory of a server's own inside the group's.
 *
 * @param {ServerGroup} group
 * @param {string} name
 * @param {Account} [account]
 */
export async function serverDirectory(group, name, account) {
  let directory = join(group.directory, name);
  for (let copy = 2; existsSync(directory); copy++) directory = join(group.directory, `${name}-${copy}`);
  await mkdir(directory, { mode: 0o700 });
  if (account) await chown(directory, account.uid, account.gid);
  return directory;
}

/**
 * Runs a tool that prepares a server's files.
 *
 * @param {ServerGroup} group
 * @param {{ command: string, args: readonly string[], directory: string, account?: Account | undefined }} tool
 */
export async function runTool(group, { command, args, directory, account }) {
  const logFile = join(directory, 'setup.log');
  const { exited } = await start(group, { command, args, directory, account, logFile });
  if ((await exited) !== 0) throw new Error(`${command} failed:\n${await tail(logFile)}`);
}

/**
 * Starts a server on a free loopback port and waits until its log says that it is ready. Where somebody
 * else takes the port first, another one is tried.
 *
 * @param {ServerGroup} group
 * @param {object} server
 * @param {string} server.command
 * @param {(port: number) => readonly string[]} server.args
 * @param {string} server.directory
 * @param {RegExp} server.ready
 * @param {Account | undefined} [server.account]
 * @param {NodeJS.Signals} [server.signal] what ends it at once without leaving anything behind
 * @param {number} [server.graceMs]
 * @returns {Promise<RunningProcess & { port: number }>}
 */
export async function launchServer(group, server) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, ...(await launchOn(port, group, server)) };
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/**
 * @param {number} port
 * @param {ServerGroup} group
 * @param {Parameters<typeof launchServer>[1]} server
 * @returns {Promise<RunningProcess>}
 */
async function launchOn(port, group, { args, ready, ...server }) {
  const logFile = join(server.directory, `server-${port}.log`);
  const { child, exited } = await start(group, { ...server, args: args(port), logFile });
  let running = true;
  void exited.then(() => {
    running = false;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const wasRunning = running;
    const log = await readFile(logFile, 'utf8');
    if (ready.test(log)) break;
    if (!wasRunning) {
      if (/address already in use/i.test(log)) throw new PortTakenError(log);
      throw new Error(`${server.command} did not start:\n${await tail(logFile)}`);
    }
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${server.command} was not ready in ${START_DEADLINE_MS} ms:\n${await tail(logFile)}`);
    }
    await sleep(10);
  }
  // The group ends it; until then it must not keep this process alive.
  child.unref();
  return { pid: /** @type {number} */ (child.pid), logFile, exited };
}

/**
 * @param {ServerGroup} group
 * @param {object} options
 * @param {string} options.command
 * @param {readonly string[]} options.args
 * @param {string} options.directory
 * @param {string} options.logFile
 * @param {Account | undefined} [options.account]
 * @param {NodeJS.Signals} [options.signal]
 * @param {number} [options.graceMs]
 */
async function start(group, { command, args, directory, logFile, account, signal = 'SIGKILL', graceMs }) {
  // The reaper ends it when we die; this way the kernel does too, in the moment before the reaper knows it.
  const death = await deathSignalPrefix(signal);
  const [program = command, ...rest] = [...death, command, ...args];
  const log = await open(logFile, 'a');
  try {
    const child = spawn(program, rest, {
      cwd: directory,
      // In a session of its own, so that Ctrl-C reaches only the runner, which knows in which order to stop.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory, LC_ALL: 'C' },
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    group.adopt(child, signal, graceMs);
    /** @type {Promise<number | null>} */
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return { child, exited };
  } finally {
    await log.close();
  }
}

/**
 * What to put before a command so that the kernel sends it `signal` when its parent dies: nothing where
 * there is no setpriv, or only BusyBox's.
 *
 * @param {NodeJS.Signals} signal
 * @returns {Promise<readonly string[]>}
 */
async function deathSignalPrefix(signal) {
  const prefix = ['setpriv', '--pdeathsig', signal.replace(/^SIG/, ''), '--'];
  try {
    await run('setpriv', [...prefix.slice(1), 'true']);
    return prefix;
  } catch {
    return [];
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was bound.');
  return address.port;
}

/** @param {string} logFile */
async function tail(logFile) {
  return (await readFile(logFile, 'utf8')).split('\n').slice(-30).join('\n');
}
