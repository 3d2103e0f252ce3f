import { InvalidInputError } from '../../../errors.js';
import { SqliteEngineError } from '../errors.js';
import { checkDriverScript } from '../statement-rules.js';

/** What a database that leads to whichever tenant is meant cannot do, each with the reason. */
const refusals = {
  function: 'it would hold for one handle of one tenant, and for no other',
  aggregate: 'it would hold for one handle of one tenant, and for no other',
  table: 'it would hold for one handle of one tenant, and for no other',
  loadExtension: 'an extension runs in this process and reaches every file that it can open',
  backup: 'it writes a file that no rule of tenantry guards, over many turns of the event loop',
  serialize: "it copies a tenant's whole database into memory, its identity included",
  defaultSafeIntegers: 'it would hold for one handle of one tenant, and for no other',
  unsafeMode: 'it would hold for one handle of one tenant, and for no other',
} as const;

/** The error of a method that is refused. */
export function refusedMethod(method: keyof typeof refusals): InvalidInputError {
  const hints: Partial<Record<keyof typeof refusals, string>> = {
    backup: 'Copy the file while the tenant is suspended.',
    serialize: 'Copy the file while the tenant is suspended.',
    defaultSafeIntegers: 'Call safeIntegers() on the statement.',
  };
  return new InvalidInputError(`Database.${method}() was refused: ${refusals[method]}.`, {
    hint:
      hints[method] ??
      'Do it in the application, or lend a raw client: tenancy.clients(name).acquire({ raw: true }).',
  });
}

/** Does what may refuse a statement, and refuses it in our own words. */
export function asRefusal<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SqliteEngineError)) throw error;
    throw new InvalidInputError(error.message, {
      cause: error,
      kind: error.kind,
      hint: 'Run one statement at a time, in one tenant’s database, and leave the handle as it is.',
    });
  }
}

/** The statements of a text, every one of them checked. Throws InvalidInputError for what is refused. */
export function statementsOf(script: string): readonly string[] {
  return asRefusal(() => checkDriverScript(script)).map(({ text }) => text);
}
