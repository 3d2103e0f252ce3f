import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createTenancy, type Tenancy, TenancyError } from 'tenantry';
import { buildApp } from './app.js';
import { seed } from './seed.js';
import { readSettings, type Settings, UsageError } from './settings.js';

const HOST = '127.0.0.1';
/** What is under way may finish for so long; the process ends within five seconds in any case. */
const DRAIN_MS = 4000;

const DEFAULT_URL = `sqlite:${new URL('../../../data', import.meta.url).pathname}`;

try {
  await main(readSettings(process.argv.slice(2), process.env, DEFAULT_URL));
} catch (error) {
  process.exitCode = explain(error);
}

async function main({ url, port }: Settings): Promise<void> {
  const script = await readFile(new URL('../schema.sql', import.meta.url), 'utf8');
  const tenancy = await createTenancy({ catalog: url, setup: true, provision: { script } });
  try {
    await seed(tenancy);
    const app = buildApp(tenancy);
    await app.listen({ host: HOST, port });
    const address = app.server.address() as AddressInfo;
    console.log(banner(`http://${HOST}:${address.port}`, url));
    const stop = () => void shutDown(() => app.close(), tenancy);
    process.once('SIGTERM', stop).once('SIGINT', stop);
  } catch (error) {
    await tenancy.close();
    throw error;
  }
}

/** Finishes what is under way, refuses what is new, and exits 0. */
async function shutDown(closeServer: () => Promise<unknown>, tenancy: Tenancy): Promise<void> {
  const deadline = setTimeout(() => {
    void tenancy.destroy().then(() => process.exit(0));
    setTimeout(() => process.exit(0), 500);
  }, DRAIN_MS);
  await closeServer();
  await tenancy.close({ timeoutMs: 1000 });
  clearTimeout(deadline);
  process.exit(0);
}

function banner(origin: string, url: string): string {
  const isDefault = url === DEFAULT_URL;
  const flag = isDefault ? '' : " --catalog 'URL'";
  return [
    `listening on ${origin}`,
    '',
    `  curl ${origin}/TenantA/users`,
    `  curl ${origin}/TenantB/users`,
    `  curl ${origin}/health`,
    '',
    'In another terminal, while this one serves' +
      (isDefault ? ':' : ' (URL is the one that you started with):'),
    '',
    `  npx tenantry tenants create TenantC${flag}`,
    `  curl ${origin}/TenantC/users`,
    `  npx tenantry tenants suspend TenantA${flag}`,
    `  npx tenantry tenants resume TenantA${flag}`,
    '',
  ].join('\n');
}

/** Says what went wrong and what to do; gives the exit code. */
function explain(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(error.message);
    return 2;
  }
  if (error instanceof TenancyError) {
    console.error(`${error.code}: ${error.message}`);
    if (error.hint !== '') console.error(error.hint);
    if (error.category === 'unavailable') return 6;
    return error.category === 'usage' ? 2 : 1;
  }
  if (isPortTaken(error)) {
    console.error(`Port ${error.port} on ${HOST} is taken by another program.`);
    console.error(
      'Stop that program, or choose another port: npm start -- --port 5001 (0 picks a free one).',
    );
    return 1;
  }
  console.error(error);
  return 1;
}

function isPortTaken(error: unknown): error is { readonly port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error;
}
