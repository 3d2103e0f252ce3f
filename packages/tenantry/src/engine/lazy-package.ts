import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { InternalError, OutOfResourcesError } from '../errors.js';

const require = createRequire(import.meta.url);

/** What the operating system says when it gives a process nothing more for now. */
const OUT_OF_RESOURCES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * A package that is loaded when it is first needed, and tried again where that failed. Every package that is
 * loaded late comes through here: Node keeps an `import()` that failed for as long as the process lives, so
 * that one moment without a free file would break every later call. `require` keeps no failure, and opens
 * one file at a time. Where the package is part of a bundle there is nothing to require, and it is imported.
 */
export class LazyPackage<Exports> {
  readonly #name: string;
  readonly #importing: () => Promise<Exports>;
  #path: string | undefined;
  #exports: Exports | undefined;

  /** `load` is the `import()`, written out where a bundler finds it. */
  constructor(name: string, load: () => Promise<Exports>) {
    this.#name = name;
    this.#importing = load;
    // Looked for now: a look without a free file would be remembered as "not installed".
    this.#path = resolved(name);
    // Nor may what says of which kind its modules are be remembered as missing; looking from inside reads it.
    if (this.#path !== undefined) resolved(name, createRequire(this.#path));
  }

  /** @throws OutOfResourcesError (`TENANTRY_OUT_OF_RESOURCES`), or what loading it throws. */
  async load(): Promise<Exports> {
    this.#path ??= resolved(this.#name);
    this.#exports ??= this.#path === undefined ? await this.#importing() : this.#require(this.#path);
    return this.#exports;
  }

  /** What was loaded before. */
  get loaded(): Exports {
    if (this.#exports !== undefined) return this.#exports;
    throw new InternalError(`The package ${this.#name} was used before it was loaded.`);
  }

  #require(path: string): Exports {
    try {
      return require(path) as Exports;
    } catch (error) {
      throw outOfResources(error, `The package ${this.#name} could not be loaded`) ?? error;
    }
  }
}

/** As an import finds it, because a package of two builds must not be there twice: `instanceof` would fail. */
function resolved(name: string, from?: NodeJS.Require): string | undefined {
  try {
    return from === undefined ? fileURLToPath(import.meta.resolve(name)) : from.resolve(name);
  } catch {
    // Not installed: whoever needs it is told when it is imported.
    return undefined;
  }
}

/** The error for what failed because the operating system gave nothing more; undefined for anything else. */
export function outOfResources(error: unknown, what: string): OutOfResourcesError | undefined {
  if (error instanceof OutOfResourcesError) return error;
  if (!isOutOfResources(error)) return undefined;
  const reason = error.message.replace(/\.$/, '');
  return new OutOfResourcesError(`${what}: ${reason}.`, {
    cause: error,
    hint: 'Try again. If it stays, raise the limit of open files (ulimit -n), or lower maxConnections.',
  });
}

/** How deep an error may be wrapped; causes can go round in a circle. */
const DEEPEST = 10;

/** Whoever caught it may have wrapped it, as drivers and engines do. */
function isOutOfResources(error: unknown, depth = 0): error is Error {
  if (!(error instanceof Error) || depth > DEEPEST) return false;
  if (OUT_OF_RESOURCES.has((error as NodeJS.ErrnoException).code)) return true;
  const { errors } = error as Partial<AggregateError>;
  if (Array.isArray(errors)) return errors.some((each) => isOutOfResources(each, depth + 1));
  return isOutOfResources(error.cause, depth + 1);
}
