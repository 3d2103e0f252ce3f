import type { Provisioning } from '../../src/engine/provisioning.js';
import type { CreateInput } from '../../src/fleet/operations/create.js';
import type { TestCatalog } from '../catalog-sql/test-catalog.js';

/** A creation on the fixture's own server, some of whose steps were replaced. */
export function creation(
  { server }: TestCatalog,
  name: string,
  tampered: Partial<Provisioning> = {},
  owner = 'process-1',
): CreateInput {
  return {
    name,
    server: {
      name: 'main',
      server,
      isolation: 'database',
      provisioning: async () => withReplaced(await server.provisioning(), tampered),
    },
    metadata: {},
    script: 'CREATE TABLE users (id INTEGER)',
    owner: { id: owner, label: owner, revision: 0, leaseMs: 15_000 },
    signal: undefined,
  };
}

/** What a kill leaves: the step's work is done, nothing after it. */
export function cutOffAt(provisioning: Provisioning, step: keyof Provisioning): Partial<Provisioning> {
  const original = provisioning[step].bind(provisioning) as (...args: unknown[]) => Promise<unknown>;
  return {
    [step]: async (...args: unknown[]) => {
      await original(...args);
      throw new Error('killed');
    },
  };
}

/** The same object with some of its methods replaced. */
export function withReplaced<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get(target, key) {
      const value: unknown = Reflect.get(key in replaced ? replaced : target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
