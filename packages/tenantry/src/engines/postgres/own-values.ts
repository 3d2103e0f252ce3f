import type { CustomTypesConfig, QueryResultRow } from 'pg';
import type { Client } from './driver.js';

const BOOL = 16;
/** int2, int4, oid, float4, float8. */
const NUMBERS: ReadonlySet<number> = new Set([21, 23, 26, 700, 701]);

/**
 * How values are read that nobody but this library asks for. The driver's own parsers belong to the whole process, and
 * applications change them: to bigint, to a date library, to texts.
 */
export const OWN_VALUES: CustomTypesConfig = {
  getTypeParser: ((type: number) => {
    if (type === BOOL) return (value: unknown) => String(value) === 't';
    return NUMBERS.has(type) ? Number : String;
  }) as CustomTypesConfig['getTypeParser'],
};

/** Asks something of a client's session for this library's own sake. */
export async function ask<R extends QueryResultRow>(
  client: Client,
  text: string,
  values?: string[],
): Promise<R[]> {
  return (await client.query<R>({ text, types: OWN_VALUES, ...(values && { values }) })).rows;
}
