import { CatalogRefusedError, CatalogUnavailableError, TransactionOutcomeUnknownError } from '../errors.js';

/** Whether a catalog said nothing about what it was asked: it is out of reach, or refuses its user. */
export function isSilent(error: unknown): boolean {
  return error instanceof CatalogUnavailableError || error instanceof CatalogRefusedError;
}

/** Whether what the catalog was asked to do may be done, though it failed. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof TransactionOutcomeUnknownError || isSilent(error);
}
