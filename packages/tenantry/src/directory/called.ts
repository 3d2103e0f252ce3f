import { labelOf, type TenantKey } from '../tenant/ref.js';

/**
 * By what a tenant is looked up: its name, or `=` and its id where nothing else was given. No name can begin
 * with `=`, so the two never meet, though an id could be a name.
 */
export function calledBy(key: TenantKey): string {
  return key.name === undefined ? calledById(labelOf(key)) : key.name;
}

export function calledById(id: string): string {
  return `=${id}`;
}

/** The id, if it is one that is looked up. */
export function idIn(called: string): string | undefined {
  return called.startsWith('=') ? called.slice(1) : undefined;
}
