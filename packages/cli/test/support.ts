import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runCli } from '../src/cli.js';
import type { System } from '../src/system.js';

const BIN = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'tenantry.js');

/** How a command line ended and what it said. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of the test's own, with files in it, removed afterwards. */
export async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Surroundings for a command line that runs in this process. */
export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  /** What somebody types, if there is a terminal. */
  readonly typed?: string;
  readonly signal?: AbortSignal;
}

/** Runs a command line in this process, with or without somebody at a terminal. */
export async function runHere(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const stream = () => Object.assign(new PassThrough(), { isTTY: surroundings.terminal === true });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  stdin.end(surroundings.typed === undefined ? undefined : `${surroundings.typed}\n`);
  const system: System = {
    cwd: surroundings.cwd ?? tmpdir(),
    env: surroundings.env ?? {},
    stdin,
    stdout,
    stderr,
    signal: surroundings.signal ?? new AbortController().signal,
  };
  const code = await runCli(args, system);
  const said = (from: PassThrough) => String(from.read() ?? '');
  return { code, stdout: said(stdout), stderr: said(stderr) };
}

/** Runs the built command as a process of its own, without a terminal. */
export function runBin(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    /** A file that its stdout goes to. */
    readonly stdout?: number;
    /** Gets the process, to send it a signal. */
    readonly onStart?: (child: ChildProcess) => void;
  },
): Promise<Outcome> {
  const { TENANTRY_URL: _url, TENANTRY_CATALOG: _catalog, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd,
      env: { ...env, ...options.env },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
      timeout: 60_000,
    });
    options.onStart?.(child);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
