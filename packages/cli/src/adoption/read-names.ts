import { InvalidInputError, type Transactor } from 'tenantry';

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
  const rows = await central.transaction((transaction) => transaction.query(statement), {
    readOnly: true,
    signal,
  });
  return rows.map((row) => nameOf(Object.values(row)[0]));
}

/** The statement without its closing semicolon, if it is one SELECT. */
export function assertSelect(sql: string): string {
  const statement = sql.trim().replace(/;$/, '').trimEnd();
  // A second statement could end the read-only transaction that guards the first.
  if (/^(?:select|with)\b/i.test(statement) && !statement.includes(';')) return statement;
  throw new InvalidInputError('--tenants-from is not a single SELECT.', {
    hint: 'For example: --tenants-from "SELECT name FROM tenants". It may contain no ";".',
  });
}

function nameOf(value: unknown): NameValue {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? value : null;
}
