import type { Command } from 'commander';
import { createTenancy, type Tenancy, type TenancyOptions } from 'tenantry';
import { type Config, loadConfig } from './config.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { createOutput, type Output } from './output.js';
import type { System } from './system.js';

/** The flags that every command takes. */
export interface CommonFlags {
  readonly catalog?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** One call of a command: its flags, its surroundings, and the way to the tenants. */
export interface Call<Flags> {
  readonly flags: Flags & CommonFlags;
  readonly system: System;
  readonly output: Output;
  /** The configuration; read once, when first asked for. */
  config(): Promise<Config>;
  /**
   * Opens a tenancy for `work` and closes it however that ends; under `--dry-run` one that only reads
   * its catalog. `changes` override the configuration.
   */
  withTenancy<T>(
    work: (tenancy: Tenancy) => Promise<T>,
    changes?: Partial<Pick<TenancyOptions, 'servers' | 'setup' | 'preview'>>,
  ): Promise<T>;
}

/** What a command does; it returns an exit code where that is not 0. */
type Work<Flags> = (call: Call<Flags>) => Promise<ExitCode | undefined>;

/** Runs what a command does and remembers its exit code. */
export type Run = <Flags = CommonFlags>(command: Command, work: Work<Flags>) => Promise<void>;

/** Makes the {@link Run} of one process. */
export function createRun(system: System, finish: (code: ExitCode) => void): Run {
  return async <Flags>(command: Command, work: Work<Flags>) => {
    const flags = command.optsWithGlobals<Flags & CommonFlags>();
    let loaded: Promise<Config> | undefined;
    const config = () => {
      loaded ??= loadConfig(system, flags.catalog);
      return loaded;
    };
    const code = await work({
      flags,
      system,
      output: createOutput(system, flags.json === true),
      config,
      withTenancy: async (task, changes = {}) => {
        const options = { ...(await config()), preview: flags.dryRun === true, ...changes };
        const tenancy = await unlessAborted(createTenancy(options), system.signal);
        try {
          return await task(tenancy);
        } finally {
          await tenancy.close();
        }
      },
    });
    finish(code ?? exitCodes.ok);
  };
}

/** Waits for a tenancy no longer than nobody interrupts; one that is opened later is closed again. */
async function unlessAborted(opening: Promise<Tenancy>, signal: AbortSignal): Promise<Tenancy> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([opening, aborted]);
  } catch (error) {
    void opening.then((tenancy) => tenancy.destroy()).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
