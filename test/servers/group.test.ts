import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';

const OWNER = `
  import { spawn } from 'node:child_process';
  import { openServerGroup } from ${JSON.stringify(new URL('group.mjs', import.meta.url).href)};
  const group = await openServerGroup();
  // A stand-in for a server: it ignores what asks politely, as a hung one would.
  const server = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
  });
  group.adopt(server, 'SIGTERM', 100);
  console.log(JSON.stringify({ directory: group.directory, server: server.pid }));
  process.stdin.once('data', () => void group.close().then(() => process.exit(0)));
`;

interface Owned {
  readonly directory: string;
  readonly server: number;
}

describe('a group of servers', () => {
  const started: number[] = [];

  afterEach(() => {
    for (const pid of started.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });

  async function openInAnotherProcess() {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) => createInterface(owner.stdout).once('line', resolve));
    const owned = JSON.parse(line) as Owned;
    started.push(owned.server);
    expect(isRunning(owned.server)).toBe(true);
    expect(existsSync(owned.directory)).toBe(true);
    return { owner, ...owned };
  }

  it('ends with kill -9 of the process that opened it', async () => {
    const { owner, server, directory } = await openInAnotherProcess();
    owner.kill('SIGKILL');
    await expect.poll(() => isRunning(server) || existsSync(directory)).toBe(false);
  });

  it('is gone when close resolves, a hung server included', async () => {
    const { owner, server, directory } = await openInAnotherProcess();
    const exited = new Promise((resolve) => owner.once('exit', resolve));
    owner.stdin.write('close');
    expect(await exited).toBe(0);
    expect(isRunning(server)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });

  it('ends a server that was stopped with SIGSTOP', async () => {
    const { owner, server, directory } = await openInAnotherProcess();
    process.kill(server, 'SIGSTOP');
    owner.kill('SIGKILL');
    await expect.poll(() => isRunning(server) || existsSync(directory)).toBe(false);
  });
});

/** A dead process that nobody has waited for yet has stopped running. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
