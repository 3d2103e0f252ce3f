import type { EngineServer } from '../engine/engine.js';
import { InvalidInputError } from '../errors.js';
import { quoteForMessage } from '../tenant/name.js';
import { assertRowKey } from '../tenant/row-key.js';
import type { Isolation } from '../tenant/tenant.js';

/**
 * Whether tenants can be kept apart this way on a server.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) if its engine cannot, if the database that they would share
 * is not named, or for a row key where there are no rows to mark.
 */
export function assertIsolation(
  { engine, address }: EngineServer,
  isolation: Isolation,
  rowKey: string | undefined,
): void {
  const { isolations } = engine.capabilities;
  if (!isolations.includes(isolation)) {
    throw new InvalidInputError(`${engine.name} cannot isolate tenants by ${quoteForMessage(isolation)}.`, {
      hint: `It can by: ${isolations.join(', ')}.`,
    });
  }
  if (isolation !== 'database' && address.database === undefined) {
    throw new InvalidInputError(`Isolation ${isolation} needs the database that its tenants share.`, {
      hint: "Name it in the path of the server's URL: postgres://user:password@host/app.",
    });
  }
  if (rowKey === undefined) return;
  if (isolation !== 'row') {
    throw new InvalidInputError(`A row key was given, and isolation ${isolation} marks no rows.`, {
      hint: 'Leave the row key out, or say isolation "row".',
    });
  }
  assertRowKey(rowKey);
}
