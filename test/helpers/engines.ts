import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { availableDrivers } from '../../packages/tenantry/src/engines/sqlite/driver.js';
import { administrate } from './administrator.js';
import { runDirectory, type SharedServer, selectedEngines, sharedServer } from './environment.js';

/** One way to run a suite: an engine, and for SQLite one of the installed drivers. */
export interface EngineUnderTest {
  readonly name: EngineName;
  /** `mysql`, `postgres`, `sqlite (libsql)`. */
  readonly label: string;
  /** Why this run leaves it out, or undefined. */
  readonly skipReason: string | undefined;
  /** A fresh part of its server. */
  openNamespace(): Promise<Namespace>;
}

/**
 * A test's own part of a shared server: every database whose name begins with `prefix`. For SQLite it is a
 * folder of its own. Tests that must have names without a prefix start a server of their own
 * (`startOwnServer`).
 */
export interface Namespace extends AsyncDisposable {
  /** The server's URL, without a database. */
  readonly url: string;
  /** The server itself, or undefined for SQLite. */
  readonly server: SharedServer | undefined;
  readonly prefix: string;
  /** A name inside the namespace; fits tenants and databases. */
  name(suffix: string): string;
  /** Drops every database of the namespace. */
  close(): Promise<void>;
}

/** Defines a suite once for every engine, and once for each installed SQLite driver. */
export function forEachEngine(define: (engine: EngineUnderTest) => void): void {
  for (const engine of enginesUnderTest()) describeOn(engine, define);
}

/** Defines a suite for one engine only. */
export function onEngine(name: EngineName, define: (engine: EngineUnderTest) => void): void {
  for (const engine of enginesUnderTest()) if (engine.name === name) describeOn(engine, define);
}

/** The first way to run an engine, for tests that need one and do not care which driver it is. */
export function engineUnderTest(name: EngineName): EngineUnderTest {
  const engine = enginesUnderTest().find((candidate) => candidate.name === name);
  if (engine === undefined) throw new Error(`No driver of ${name} is installed; npm install brings libsql.`);
  return engine;
}

/** Opens a namespace before a suite's tests and drops it after them. Call the result inside of tests. */
export function useNamespace(engine: EngineUnderTest): () => Namespace {
  let namespace: Namespace | undefined;
  beforeAll(async () => {
    namespace = await engine.openNamespace();
  });
  afterAll(async () => {
    await namespace?.close();
  });
  return () => {
    if (namespace === undefined) throw new Error('The namespace is open only while tests run.');
    return namespace;
  };
}

function describeOn(engine: EngineUnderTest, define: (engine: EngineUnderTest) => void): void {
  describe(engine.label, () => {
    const { skipReason } = engine;
    if (skipReason === undefined) define(engine);
    else it('is left out of this run', (context) => context.skip(skipReason));
  });
}

function enginesUnderTest(): readonly EngineUnderTest[] {
  const selected = selectedEngines();
  const entry = (name: EngineName, label: string, openNamespace: () => Promise<Namespace>) => {
    const skipReason = selected.has(name) ? undefined : `--engine ${[...selected].join(',')}`;
    return { name, label, skipReason, openNamespace };
  };
  return [
    ...availableDrivers().map((driver) =>
      entry('sqlite', `sqlite (${driver})`, () => openFolder(`?driver=${driver}`)),
    ),
    entry('mysql', 'mysql', () => openOnServer(sharedServer('mysql'))),
    entry('postgres', 'postgres', () => openOnServer(sharedServer('postgres'))),
  ];
}

async function openOnServer(server: SharedServer): Promise<Namespace> {
  return namespace({ url: server.url, server, prefix: newPrefix() }, async (prefix) => {
    await using administrator = await administrate(server.url);
    for (const database of await administrator.databases(prefix)) await administrator.drop(database);
  });
}

async function openFolder(query: string): Promise<Namespace> {
  await mkdir(join(runDirectory(), 'sqlite'), { recursive: true });
  const folder = await mkdtemp(join(runDirectory(), 'sqlite', 'namespace-'));
  const url = `sqlite:${encodeURI(folder)}${query}`;
  return namespace({ url, server: undefined, prefix: newPrefix() }, () =>
    rm(folder, { recursive: true, force: true }),
  );
}

function namespace(
  parts: Pick<Namespace, 'url' | 'server' | 'prefix'>,
  drop: (prefix: string) => Promise<void>,
): Namespace {
  const close = () => drop(parts.prefix);
  return { ...parts, name: (suffix) => `${parts.prefix}${suffix}`, close, [Symbol.asyncDispose]: close };
}

/** Begins with a letter and stays short, because names have at most 63 characters. */
function newPrefix(): string {
  return `t${randomBytes(4).toString('hex')}_`;
}
