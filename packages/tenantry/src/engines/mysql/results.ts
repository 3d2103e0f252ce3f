import type { Row, StatementResult } from '../../engine/connection.js';

/** What mysql2 makes of an OK packet, as far as it is used here. */
interface Header {
  readonly affectedRows: number | string;
  readonly insertId: number | string;
}

/**
 * Reads what mysql2 calls back with. A `CALL` has several results: its rows are those of the first
 * result set, its numbers those of the last OK packet.
 */
export function readResult(results: unknown, fields: unknown): StatementResult {
  const several = Array.isArray(fields) && (fields[0] === undefined || Array.isArray(fields[0]));
  const parts = (several ? results : [results]) as readonly (Row[] | Header)[];
  const headers = parts.filter((part): part is Header => !Array.isArray(part));
  const last = headers.at(-1);
  return {
    rows: parts.find((part): part is Row[] => Array.isArray(part)) ?? [],
    affectedRows: Number(last?.affectedRows ?? 0),
    insertId: insertId(last?.insertId ?? 0),
  };
}

/** The driver gives a string where a number would lose digits, and 0 where nothing was generated. */
function insertId(value: number | string): number | bigint | null {
  if (typeof value === 'string') return BigInt(value);
  return value === 0 ? null : value;
}
