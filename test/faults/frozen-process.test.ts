import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl, openTenancy } from '../tenancy/tenancies.js';

/**
 * Answers each line, the name of a tenant, with what came of a statement of that tenant. After the line `at work` it
 * does nothing else, no timer included, until the next name has come.
 */
const PROGRAM = `
  import { readSync, writeSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  import { createTenancy } from 'tenantry';
  const [catalog, main] = process.argv.slice(1);
  const tenancy = await createTenancy({ catalog, servers: { main } });
  function nameAtWork() {
    writeSync(1, 'at work\\n');
    const bytes = Buffer.alloc(100);
    return bytes.toString('utf8', 0, readSync(3, bytes)).trim();
  }
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const name = line === 'at work' ? nameAtWork() : line;
    const outcome = tenancy.session(name).query('SELECT 1').then(() => 'ok', (error) => error.code);
    console.log(await outcome);
  }
  await tenancy.close();
`;

const programs: ChildProcess[] = [];
let made = 0;

afterEach(() => {
  for (const child of programs.splice(0)) child.kill('SIGKILL');
});

/** An application in a process of its own. */
class Program {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(catalog: string, server: string) {
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, catalog, server], {
      cwd: new URL('../..', import.meta.url),
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    }) as ChildProcessByStdio<Writable, Readable, null>;
    programs.push(this.#child);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async said(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  /** A request comes in; resolves when it lies before the process. */
  request(tenant: string): Promise<void> {
    return new Promise((resolve) => this.#child.stdin.write(`${tenant}\n`, () => resolve()));
  }

  /** The same, for a process that is at work. */
  requestAtWork(tenant: string): Promise<void> {
    const pipe = this.#child.stdio[3] as Writable;
    return new Promise((resolve) => pipe.write(`${tenant}\n`, () => resolve()));
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async end(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exited;
  }
}

forEachEngine((engine) => {
  const namespace = useNamespace(engine);

  /** A tenant that is to be suspended, another one, and a program that has served both. */
  async function serving() {
    const tenancy = await openTenancy(namespace());
    const [suspended, other] = [namespace().name(`suspended${++made}`), namespace().name(`other${made}`)];
    for (const name of [suspended, other]) await tenancy.tenants.create({ name });
    const program = new Program(catalogUrl(namespace()), namespace().url);
    expect(await program.said()).toBe('ready');
    for (const name of [other, suspended]) {
      await program.request(name);
      expect(await program.said()).toBe('ok');
    }
    return { tenancy, program, suspended, other };
  }

  describe('a process that was frozen while a tenant was suspended', () => {
    it('does not serve that tenant when it goes on, not even its first request', async () => {
      const { tenancy, program, suspended, other } = await serving();
      program.signal('SIGSTOP');
      await tenancy.tenants.suspend(suspended);
      // Longer than it is ever silent while it runs.
      await sleep(1500);
      await program.request(suspended);
      await program.request(other);
      program.signal('SIGCONT');

      expect(await program.said()).toBe('TENANTRY_TENANT_SUSPENDED');
      expect(await program.said()).toBe('ok');
      await program.end();
    });

    // On SQLite the poll, whose timer is due by then, has its answer before anything else that waits is looked at.
    it('in the middle of its work does not serve it either, before any timer has run', async () => {
      const { tenancy, program, suspended, other } = await serving();
      await program.request('at work');
      expect(await program.said()).toBe('at work');
      program.signal('SIGSTOP');
      await tenancy.tenants.suspend(suspended);
      await sleep(1500);
      await program.requestAtWork(suspended);
      program.signal('SIGCONT');

      expect(await program.said()).toBe('TENANTRY_TENANT_SUSPENDED');
      await program.request(other);
      expect(await program.said()).toBe('ok');
      await program.end();
    });
  });
});
