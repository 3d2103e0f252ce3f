import { redactValue } from '../errors/redact.js';
import { NoTenantError } from '../errors.js';
import { isTenantName, quoteForMessage } from './name.js';

/**
 * How a tenant is named, everywhere: by its name, its id, or both. All that is given must be the same
 * tenant's. A name alone means whoever has it now; what lives longer than a request (a token, a job, a pool)
 * should say the id too, because a name can be taken again after its tenant was deleted.
 *
 * @example
 * ```ts
 * await tenancy.run({ name: token.tenant, id: token.tenantId }, work)
 * ```
 */
export type TenantRef = string | { readonly name?: string; readonly id?: string };

/** A {@link TenantRef}, checked: one of the two is there, or both. */
export interface TenantKey {
  readonly name: string | undefined;
  readonly id: string | undefined;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a tenant could have this id. Costs no I/O. */
export function isTenantId(id: unknown): id is string {
  return typeof id === 'string' && id.length === 36 && ID.test(id);
}

/**
 * Checks how a tenant was named. What is given must be a text, `undefined` included: mostly that is a request that
 * was not resolved to a tenant, or a token without an id, and to go on with less than was asked would serve somebody else.
 *
 * @throws NoTenantError (`TENANTRY_NO_TENANT`); it repeats nothing.
 */
export function keyOf(ref: TenantRef): TenantKey {
  if (typeof ref === 'string' && ref !== '') return { name: ref, id: undefined };
  if (typeof ref !== 'object' || ref === null) {
    throw noTenant('A tenant must be named by a text that is not empty, or by { name, id }.');
  }
  const { name, id } = ref;
  assertGiven(ref, 'name', name);
  assertGiven(ref, 'id', id);
  if (name === undefined && id === undefined)
    throw noTenant('A tenant was named by neither its name nor its id.');
  // A tenant itself is a reference as well; but a slip beside a name must not lose the id that was meant.
  const other =
    name !== undefined && id !== undefined
      ? undefined
      : Object.keys(ref).find((key) => key !== 'name' && key !== 'id');
  if (other !== undefined)
    throw noTenant(`A tenant is not named by ${quoteForMessage(other)}, only by name and id.`);
  return { name, id };
}

/** Whether a tenant is the one that was named. */
export function isNamedBy(
  tenant: { readonly name: string; readonly id: string },
  { name, id }: TenantKey,
): boolean {
  return (name === undefined || name === tenant.name) && (id === undefined || id === tenant.id);
}

/** Whether there could be such a tenant at all. Costs no I/O. */
export function isPossible({ name, id }: TenantKey): boolean {
  return (name === undefined || isTenantName(name)) && (id === undefined || isTenantId(id));
}

/** What a tenant is looked for by: its name, or its id where that is all that was given. */
export function labelOf({ name, id }: TenantKey): string {
  return name ?? id ?? '';
}

/** The same for messages, before anybody knows whether it names a tenant: it may be an address with a password. */
export function shownLabelOf(key: TenantKey): string {
  return redactValue(labelOf(key));
}

function assertGiven(ref: object, key: 'name' | 'id', value: unknown): void {
  if (typeof value === 'string' ? value !== '' : value === undefined && !(key in ref)) return;
  throw noTenant(`The ${key} of a tenant was given, and is not a text that is not empty.`);
}

function noTenant(message: string): NoTenantError {
  return new NoTenantError(message, {
    hint: 'An undefined name or id usually means that the request was not resolved to a tenant; leave out the key of what is not known.',
  });
}
