import { type Adoption, type ErrorCode, TenancyError } from 'tenantry';
import type { NameValue } from './read-names.js';

/** A name that could not be registered, and why. */
interface Rejection {
  readonly name: NameValue;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What became of each name. */
export interface AdoptionReport {
  readonly registered: readonly string[];
  /** Those that were registered before, and whose databases say again whose they are. */
  readonly mended: readonly string[];
  readonly unchanged: readonly string[];
  readonly rejected: readonly Rejection[];
  /** The names that stood in more than one row; each was adopted once. */
  readonly duplicates: readonly NameValue[];
}

/** How names are adopted. */
export interface AdoptAllOptions {
  adopt(name: string): Promise<Adoption>;
  onProgress(done: number, total: number): void;
  /** Stops between two names; what was registered stays. */
  readonly signal: AbortSignal;
}

/** What is wrong with one name or its database. Anything else is wrong with all of them, and ends the adoption. */
const OWN_FAULT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TENANTRY_INVALID_NAME',
  'TENANTRY_INVALID_INPUT',
  'TENANTRY_TENANT_EXISTS',
  'TENANTRY_TENANT_BUSY',
  'TENANTRY_DATABASE_EXISTS',
  'TENANTRY_DATABASE_MISSING',
  'TENANTRY_IDENTITY_MISMATCH',
  'TENANTRY_QUERY_FAILED',
]);

/** Adopts names one by one, each once, and reports on every one of them. */
export async function adoptAll(
  names: readonly NameValue[],
  options: AdoptAllOptions,
): Promise<AdoptionReport> {
  const rows = new Map<NameValue, number>();
  for (const name of names) rows.set(name, (rows.get(name) ?? 0) + 1);
  const unique = [...rows.keys()];
  const duplicates = unique.filter((name) => (rows.get(name) ?? 0) > 1);
  const done: Record<Adoption['outcome'], string[]> = { registered: [], mended: [], unchanged: [] };
  const rejected: Rejection[] = [];
  for (const [index, name] of unique.entries()) {
    options.signal.throwIfAborted();
    options.onProgress(index, unique.length);
    if (name === null) {
      rejected.push({ name, code: 'TENANTRY_INVALID_NAME', reason: 'The query gave no text for it.' });
      continue;
    }
    try {
      const { outcome } = await options.adopt(name);
      done[outcome].push(name);
    } catch (error) {
      if (!(error instanceof TenancyError && OWN_FAULT.has(error.code))) throw error;
      rejected.push({ name, ...whyNot(error) });
    }
  }
  return { ...done, rejected, duplicates };
}

/** The reason in words of its own: the name stands beside it, and would be quoted twice. */
function whyNot({ code, message, hint }: TenancyError): Pick<Rejection, 'code' | 'reason'> {
  const what = code === 'TENANTRY_INVALID_NAME' ? 'It cannot be the name of a tenant.' : message;
  return { code, reason: hint === '' ? what : `${what} ${hint.replaceAll('"', "'")}` };
}
