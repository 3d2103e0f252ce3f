import { CatalogRefusedError, CatalogUnavailableError } from '../errors.js';

/** Whether a catalog said nothing about what it was asked: it is out of reach, or refuses its user. */
export function isSilent(error: unknown): boolean {
  return error instanceof CatalogUnavailableError || error instanceof CatalogRefusedError;
}
