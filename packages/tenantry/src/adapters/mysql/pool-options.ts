import type { ConnectionOptions } from 'mysql2';
import { InvalidOptionError } from '../../errors.js';
import { assertFlag } from '../../input/call-options.js';
import { assertKnownKeys } from '../../input/known-keys.js';
import { USE_LIMIT_KEYS, type UseLimits } from '../../session/clients.js';
import type { TenantRef } from '../../tenant/ref.js';

/** How values are read and written; each is mysql2's own option of that name. */
export type ValueOptions = Pick<ConnectionOptions, (typeof VALUE_OPTIONS)[number]>;

/** How {@link mysqlPool} gives out connections. */
export interface MysqlPoolOptions extends ValueOptions, UseLimits {
  /**
   * Whose pool it is. Left out it is ambient: each call goes to the tenant of the context at the call.
   * To give `undefined` is refused, because it is mostly a request that was not resolved to a tenant.
   */
  readonly tenant?: TenantRef;
  /**
   * Gives the driver's connections themselves, which cannot be revoked: who keeps one after its release
   * can meet another tenant's data with it. Hence each is closed when it comes back, which costs a
   * connect for each checkout. Default false.
   */
  readonly raw?: boolean | undefined;
}

const VALUE_OPTIONS = [
  'bigNumberStrings',
  'dateStrings',
  'decimalNumbers',
  'disableEval',
  'jsonStrings',
  'namedPlaceholders',
  'nestTables',
  'queryFormat',
  'rowsAsArray',
  'stringifyObjects',
  'supportBigNumbers',
  'timezone',
  'trace',
  'typeCast',
] as const satisfies readonly (keyof ConnectionOptions)[];

/** What our connections have where nobody says otherwise. */
export const OUR_VALUES: ValueOptions = Object.freeze({ supportBigNumbers: true, timezone: 'Z' });

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for an option that is not known here. */
export function assertKnown(options: object): void {
  assertKnownKeys('mysqlPool', options, ['tenant', 'raw', ...USE_LIMIT_KEYS, ...VALUE_OPTIONS]);
  assertFlag('mysqlPool', 'raw', Reflect.get(options, 'raw'));
}

/** What mysql2 knows; anything else it prints, and reads as the process's own zone. */
const TIMEZONE = /^(?:local|Z|[ +-]\d\d:\d\d)$/;

/**
 * Those of a host's options that say how values are read and written.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for a time zone that mysql2 does not know.
 */
export function valueOptions(options: object): ValueOptions {
  const timezone: unknown = Reflect.get(options, 'timezone');
  if (timezone !== undefined && !(typeof timezone === 'string' && TIMEZONE.test(timezone))) {
    throw new InvalidOptionError('The option timezone of a mysql2 pool is no zone that mysql2 knows.', {
      hint: 'Use "Z", "local", or an offset such as "+02:00".',
    });
  }
  return Object.fromEntries(
    VALUE_OPTIONS.map((name) => [name, Reflect.get(options, name)]).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
