import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = fileURLToPath(new URL('../../examples/quickstart/dist/main.js', import.meta.url));
const cli = fileURLToPath(new URL('../../packages/cli/bin/tenantry.js', import.meta.url));

/** How a program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A quickstart that serves. */
export interface Quickstart extends AsyncDisposable {
  readonly origin: string;
  readonly pid: number;
  readonly banner: string;
  /** Resolves when it ends, by itself or because of `stop`. */
  readonly ended: Promise<Ended>;
  /** Sends SIGTERM and waits. */
  stop(): Promise<Ended>;
}

/** Starts the built quickstart on a free port and waits until it serves. */
export async function startQuickstart(url: string, env: NodeJS.ProcessEnv = {}): Promise<Quickstart> {
  const child = spawnNode([main, '--url', url, '--port', '0'], env);
  const ended = collect(child);
  const banner = await untilListening(child, ended);
  const origin = /listening on (\S+)/.exec(banner)?.[1] ?? '';
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return {
    origin,
    pid: child.pid ?? 0,
    banner,
    ended,
    stop,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs the built quickstart to its end. */
export function runQuickstart(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return collect(spawnNode([main, ...args], env));
}

/** Runs the built command line to its end. */
export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): Promise<Ended> {
  return collect(spawnNode([cli, ...args], env, cwd));
}

function spawnNode(args: readonly string[], env: NodeJS.ProcessEnv, cwd = root): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(TENANTRY_|NODE_|VITEST|PORT$)/.test(name),
  );
  return spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function collect(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

async function untilListening(child: ChildProcess, ended: Promise<Ended>): Promise<string> {
  let text = '';
  const listening = new Promise<string>((resolve) => {
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
      if (/listening on \S+\n/.test(text)) resolve(text);
    });
  });
  const failed = ended.then(({ code, stderr }) => {
    throw new Error(`The quickstart ended with ${code}: ${stderr}`);
  });
  return Promise.race([listening, failed]);
}
