import { parseArgs } from 'node:util';

/** How the quickstart runs. */
export interface Settings {
  readonly url: string;
  readonly port: number;
}

const USAGE = 'Usage: npm start [-- --url URL] [--port N]';

/** A call that cannot be understood; the process ends with exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(`${message}\n${USAGE}`);
  }
}

/** Flags over environment over defaults; `defaultUrl` is where the data lives when nobody says. */
export function readSettings(args: string[], env: NodeJS.ProcessEnv, defaultUrl: string): Settings {
  const flags = readFlags(args);
  return {
    url: flags.url ?? (env.TENANTRY_URL || defaultUrl),
    port: readPort(flags.port ?? (env.PORT || '5000')),
  };
}

function readFlags(args: string[]): { url?: string | undefined; port?: string | undefined } {
  try {
    return parseArgs({ args, options: { url: { type: 'string' }, port: { type: 'string' } } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`The port must be a number from 0 to 65535; it is ${JSON.stringify(text)}.`);
}
