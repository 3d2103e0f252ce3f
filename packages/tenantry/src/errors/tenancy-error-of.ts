import * as errors from '../errors.js';
import { type ErrorCode, type ErrorDetails, errorCatalog, TenancyError } from '../errors.js';

/** By which members those that wrap an error keep it: the language, Knex and others, TypeORM, Prisma's adapters. */
const LINKS = ['cause', 'driverError', 'originalError', 'meta', 'driverAdapterError'] as const;

/** More than any error has behind it; whoever builds a longer chain is not followed to its end. */
const MOST = 100;

/**
 * The error of tenantry's that is behind an error, or undefined: ORMs wrap what their driver throws, so that
 * `instanceof` and `code` do not see it. It is looked for along `cause`, TypeORM's `driverError`, the errors of an
 * `AggregateError` and the like; the outermost one counts.
 *
 * Prisma keeps nothing of an error but its code and its message, and so does another copy of this package in the
 * same process: then an error of that code is made, with the one that was found as its `cause`.
 *
 * @example
 * ```ts
 * try {
 *   await tenancy.run(name, () => db.select().from(users))
 * } catch (error) {
 *   if (tenancyErrorOf(error) instanceof UnknownTenantError) return notFound()
 *   throw error
 * }
 * ```
 */
export function tenancyErrorOf(error: unknown): TenancyError | undefined {
  const behind = allBehind(error);
  const own = behind.find((each) => each instanceof TenancyError);
  if (own !== undefined) return own as TenancyError;
  for (const each of behind) {
    const code = member(each, 'code');
    if (each instanceof Error && isCode(code)) return anew(code, each);
  }
  return undefined;
}

/** The error and what is behind it, nearest first, each once. */
function allBehind(error: unknown): readonly object[] {
  const found = new Set<object>();
  const add = (value: unknown) => {
    if (typeof value === 'object' && value !== null && found.size < MOST) found.add(value);
  };
  add(error);
  // A set that grows is gone through to its end.
  for (const each of found) {
    for (const link of LINKS) add(member(each, link));
    const several = member(each, 'errors');
    if (Array.isArray(several)) several.forEach(add);
  }
  return [...found];
}

function member(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key);
  } catch {
    // Whatever refuses to be looked at is not ours.
    return undefined;
  }
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCatalog, code);
}

interface ErrorClass {
  readonly code: ErrorCode;
  new (message: string, details: ErrorDetails): TenancyError;
}

const classes = new Map(
  (Object.values(errors) as unknown[])
    .filter((value): value is ErrorClass => typeof value === 'function' && 'code' in value)
    .map((each) => [each.code, each]),
);

function anew(code: ErrorCode, error: Error): TenancyError {
  const [hint, tenant] = [member(error, 'hint'), member(error, 'tenant')];
  // Prisma puts the place of the call before the message, over several lines.
  const message = error.message.trim().split('\n').at(-1) ?? '';
  const details = {
    cause: error,
    ...(typeof hint === 'string' && { hint }),
    ...(typeof tenant === 'string' && { tenant }),
  };
  const Class = classes.get(code);
  return Class === undefined ? new TenancyError(code, message, details) : new Class(message, details);
}
