import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { EngineUnderTest } from '../helpers/engines.js';

const run = fileURLToPath(new URL('run.mjs', import.meta.url));

/** How `npm run leaks` ended, and its last line. */
export interface Conclusion {
  readonly code: number | null;
  /** Everything that it said, for the message of a failing test. */
  readonly output: string;
  readonly result: Readonly<Record<string, unknown>>;
}

/** Runs `npm run leaks` on an engine, without building. */
export async function runLeaks(engine: EngineUnderTest, ...args: readonly string[]): Promise<Conclusion> {
  const [, driver] = /\((.+)\)/.exec(engine.label) ?? [];
  const child = spawn(process.execPath, [run, '--engine', engine.name, ...args], {
    env: { ...process.env, ...(driver !== undefined && { TENANTRY_SQLITE_DRIVER: driver }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lastLine = stdout.trim().split('\n').at(-1) ?? '';
  return {
    code: child.exitCode,
    output: `${stderr}\n${stdout}`,
    result: lastLine.startsWith('{') ? JSON.parse(lastLine) : {},
  };
}
