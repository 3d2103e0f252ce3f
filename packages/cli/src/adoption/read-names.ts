import { InvalidInputError, QueryFailedError, type Transactor } from 'tenantry';

/** A value of the names' column: a text, or whatever stood there instead. */
export type NameValue = string | null;

/**
 * Runs the query that names the tenants, in a read-only transaction of the catalog's database, and
 * gives the first column of each row.
 *
 * @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) if it is not one SELECT.
 */
export async function readNames(
  central: Transactor,
  sql: string,
  signal: AbortSignal,
): Promise<readonly NameValue[]> {
  const statement = assertSelect(sql);
  const rows = await central
    .transaction((transaction) => transaction.query(statement), { readOnly: true, signal })
    .catch((error: unknown) => {
      if (!(error instanceof QueryFailedError)) throw error;
      throw new InvalidInputError(`--tenants-from was refused: ${reasonOf(error)}`, {
        cause: error.cause,
        hint: "It is run in the catalog's own database, to read only.",
        ...(error.kind === undefined ? {} : { kind: error.kind }),
      });
    });
  return rows.map((row) => nameOf(Object.values(row)[0]));
}

/** The statement without its closing semicolon, if it is one SELECT. */
export function assertSelect(sql: string): string {
  const statement = sql.replace(/^\s+|[\s;]+$/g, '');
  // A second statement could end the read-only transaction that guards the first.
  if (statement.includes(';')) throw notOne('there is a ";" inside of it');
  if (/^(?:select|with)\b/i.test(statement)) return statement;
  throw notOne('it begins with neither SELECT nor WITH');
}

function reasonOf({ cause, message }: QueryFailedError): string {
  return cause instanceof Error ? cause.message : message;
}

function notOne(why: string): InvalidInputError {
  return new InvalidInputError(`--tenants-from is not a single SELECT: ${why}.`, {
    hint: 'For example: --tenants-from "SELECT name FROM tenants". A ";" may stand at its end only.',
  });
}

function nameOf(value: unknown): NameValue {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? value : null;
}
